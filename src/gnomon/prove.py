"""Hiding proves: how far the class's probability falls when each keypoint is hidden by itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnomon.classifier import Classifier
from gnomon.occlusion import FILLS, Engine
from gnomon.occlusion.occlude import occluded_probabilities
from gnomon.plugs import plugged
from gnomon.types import Floats, Heatmap, Image

FILLED = 4
"""Random fills for each point."""
STANDS_OUT = 2.353
"""Quantile .95 of Student's t for ``FILLED`` - 1 degrees of freedom: mean drop over its standard
error from which a drop is more than the fills' own spread."""


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """``drops`` (N,D): by how much hiding each of N points with each of D fills lowers the class.

    A negative drop says that hiding the point helps.
    """

    drops: Floats

    @property
    def mean(self) -> Floats:
        """Mean drop of each point (N,)."""
        values: Floats = self.drops.mean(axis=1)
        return values

    @property
    def proved(self) -> NDArray[np.bool_]:
        """Whether each point's drop stands out from the spread of its fills (N,)."""
        error = self.drops.std(axis=1, ddof=1) / np.sqrt(self.drops.shape[1])
        stands_out: NDArray[np.bool_] = (self.mean > STANDS_OUT * error) & (self.mean > 0)
        return stands_out


def centered_windows(xy: Floats, patch: int, image: Image) -> Tensor:
    """Lay a window around each point (N,2) of an image, inside it: top-left (y,x) (N,2) int64."""
    last = np.array([image.height, image.width]) - patch
    corners = np.rint(xy[:, ::-1] - (patch - 1) / 2).astype(np.int64).clip(0, last)
    return torch.from_numpy(corners)


def discs(xy: Floats, drops: Floats, patch: int, shape: tuple[int, int]) -> Heatmap:
    """Draw what hiding each point costs as discs as wide as a window, on a map of zeros.

    ``xy`` (N,2) in model pixels, ``drops`` (N,), NaN and negative ones drawn as 0; where discs
    overlap, the largest drop is seen. It stands for the coarse map where only points were hidden.
    """
    values = np.zeros(shape, dtype=np.float32)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for (x, y), drop in zip(xy, np.nan_to_num(drops), strict=True):
        inside = (columns - x) ** 2 + (rows - y) ** 2 <= (patch / 2) ** 2
        values[inside] = np.maximum(values[inside], drop)
    return Heatmap(values, "coarse")


def prove(
    classifier: Classifier,
    engine: Engine,
    image: Image,
    xy: Floats,
    label_index: int,
    *,
    patch: int,
    fill: str,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Proof:
    """Hide the window centered on each point, with ``FILLED`` fills.

    ``xy`` (N,2) in model pixels; near the border the window is moved inside. The drop is f_c(x) -
    f_c(h(x,b)) for the class ``label_index``, as in the coarse map but not cut at 0. ``progress``
    is called with the windows done and all windows.
    """
    if not len(xy):
        return Proof(np.zeros((0, FILLED)))
    windows = centered_windows(xy, patch, image)
    make = plugged("fill", fill, FILLS)
    patches = torch.cat([make(image, windows, patch, seed, draw) for draw in range(FILLED)])
    done, total = 0, len(patches)

    def advance(more: int) -> None:
        nonlocal done
        done = min(done + more, total)
        if progress:
            progress(done, total)

    clean, hidden = occluded_probabilities(
        classifier, engine, [image], windows.repeat(FILLED, 1), patches[None], advance
    )
    falls = clean[0, label_index] - hidden[0, :, label_index]
    return Proof(falls.view(FILLED, len(xy)).T.numpy())

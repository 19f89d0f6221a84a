"""The coarse map: how far the class probability falls when a window of the image is hidden."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gnomon.classifier import Classifier
from gnomon.errors import SettingError
from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.engine import Engine
from gnomon.occlusion.fills import FILLS
from gnomon.occlusion.heatmap import overlap_mean
from gnomon.occlusion.windows import patches_under, window_grid
from gnomon.plugs import plugged
from gnomon.types import Heatmap, Image, Work

ENGINES: dict[str, Callable[[nn.Module], Engine]] = {"auto": DenseEngine, "dense": DenseEngine}

# So many windows at a time: patches and outputs stay small, while an engine's work on the clean
# image is repeated rarely.
WINDOWS_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion(Heatmap):
    """A coarse map and what it was made from.

    ``windows`` (N,2) int64 top-left (y,x); ``drops`` (N,) float64, by how much hiding each lowers
    ``probability``, that of class ``label_index``; ``work`` the engine's account.
    """

    windows: NDArray[np.int64]
    drops: NDArray[np.float64]
    label_index: int
    probability: float
    work: Work


def prepare_engine(classifier: Classifier, engine: str = "auto") -> Engine:
    """Make an engine for ``classifier``, to be used for many images.

    ``engine`` is a name in ``ENGINES`` or "package.module:name"; ``SettingError`` where there is
    none.
    """
    return plugged("engine", engine, ENGINES)(classifier.network)


def occlude(
    classifier: Classifier,
    image: Image,
    *,
    patch: int = 16,
    stride: int = 8,
    fill: str = "random",
    draws: int = 1,
    seed: int = 0,
    engine: str | Engine = "auto",
    label_index: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Occlusion:
    """Hide each window of the image and see how far the class probability falls.

    d(x,b) = max(f_c(x) - f_c(h(x,b)), 0), f the softmax outputs in float64, h the image x with
    window b filled, c the predicted class or ``label_index``; with ``draws`` above 1 the mean of d
    over as many fills. The map's value at a pixel is the mean of d over the windows that cover it.
    Give ``engine`` by name, or as ``prepare_engine`` made it where there are many images.
    ``progress`` is called with the windows done and all windows. Raises ``SettingError`` for what
    is out of range or has no such name, and ``ClassifierError`` for outputs that are no scores.
    """
    started = perf_counter()
    if draws < 1:
        raise SettingError(f"draws is {draws}; it must be 1 or more")
    windows = window_grid(image.height, image.width, patch, stride)
    make_patches = plugged("fill", fill, FILLS)
    if isinstance(engine, str):
        engine = prepare_engine(classifier, engine)
    first = windows[:1]
    # A window filled with its own pixels: the clean image, rounded as all the others are.
    own = patches_under(image.pixels, first, patch)
    clean = _probabilities(classifier, engine, image, first, own)[0]
    index = int(clean.argmax()) if label_index is None else label_index
    if not 0 <= index < len(clean):
        raise SettingError(f"label_index is {index}; the classifier's are 0 to {len(clean) - 1}")

    total, done = draws * len(windows), 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        if progress:
            progress(done, total)

    drops = torch.zeros(len(windows), dtype=torch.float64)
    for rows in torch.split(torch.arange(len(windows)), WINDOWS_AT_A_TIME):
        for draw in range(draws):
            patches = make_patches(image, windows[rows], patch, seed, draw)
            if patches.shape != (len(rows), 3, patch, patch):
                raise SettingError(
                    f"fill {fill!r} gave {tuple(patches.shape)}; for these windows it must give "
                    f"{(len(rows), 3, patch, patch)}"
                )
            hidden = _probabilities(classifier, engine, image, windows[rows], patches, advance)
            drops[rows] += (clean[index] - hidden[:, index]).clamp(min=0)
    drops /= draws
    return Occlusion(
        values=overlap_mean(drops.numpy(), windows.numpy(), patch, image.height, image.width),
        kind="coarse",
        windows=windows.numpy(),
        drops=drops.numpy(),
        label_index=index,
        probability=float(clean[index]),
        work=Work(engine.name, total, perf_counter() - started),
    )


def _probabilities(
    classifier: Classifier,
    engine: Engine,
    image: Image,
    windows: Tensor,
    patches: Tensor,
    progress: Callable[[int], None] | None = None,
) -> Tensor:
    """Softmax (N,K) float64, on the CPU, of the image with each window hidden by its patch."""

    def to_input(pixels: Tensor) -> Tensor:
        return classifier.preprocessing.normalise(pixels.to(classifier.device, classifier.dtype))

    outputs = engine.outputs(to_input(image.pixels), windows, to_input(patches), progress)
    return outputs.to("cpu", torch.float64).softmax(dim=1)

"""One image under one classifier: its maps in memory, and what can be asked of them at once."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from gnomon.detection import Detection
from gnomon.detector import Detector
from gnomon.geometry import Affine
from gnomon.locate import locate
from gnomon.occlusion import FILLS
from gnomon.occlusion.occlude import Occlusion
from gnomon.plugs import plugged
from gnomon.presets import Settings, changes_to
from gnomon.prove import centered_windows, discs
from gnomon.types import Floats, Heatmap, Keypoints

NAMED = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """How a class's probability moved when one window was covered."""

    label: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """A window, its corners in file pixels, the image with it covered, and what that did.

    ``aspect`` is how much wider than high the model's image is in the file.
    """

    corners: Floats
    picture: NDArray[np.uint8]
    aspect: float
    moved: tuple[Moved, ...]


class Exploration:
    """A detection whose settings after the maps can be changed without the network."""

    def __init__(self, detector: Detector, found: Detection) -> None:
        self.detector, self.found = detector, found

    @property
    def to_file(self) -> Affine:
        """Take the maps' pixels to those of the file."""
        return self.found.image.to_file

    def retune(self, settings: Settings) -> None:
        """Find the keypoints again, from the maps in memory.

        What hiding a keypoint costs is known where that one was hidden before.
        """
        found = self.found
        located = locate(found.image, found.coarse, found.fine, settings)
        self.detector = self.detector.with_settings(**changes_to(settings))
        self.found = replace(
            found,
            confidence=located.confidence,
            n_candidates=located.n_candidates,
            keypoints=_known(located.keypoints, found.keypoints),
        )

    @property
    def coarse(self) -> Heatmap:
        """The coarse map, or discs that show what hiding each keypoint costs."""
        found = self.found
        if found.coarse is not None:
            return found.coarse
        xy = self.to_file.inverse().apply(found.keypoints.xy)
        shape = (found.image.height, found.image.width)
        return discs(xy, found.keypoints.coarse, self.detector.settings.patch, shape)

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Every class's probability for the clean image."""
        return self._probabilities(self.found.image.pixels)

    def likeliest(self, count: int) -> list[tuple[str, float, int]]:
        """List the likeliest classes: name, probability, index."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        names = self.detector.classifier.class_names
        return [(names[index], float(self.probabilities[index]), int(index)) for index in order]

    def cover(self, x: float, y: float) -> Covered:
        """Cover the window centered on a point in file pixels, and look again.

        Where the whole map is there, it is the window of the map whose center is nearest, with the
        first random fill of the run, so that the difference is one of those behind the map.
        """
        settings, image = self.detector.settings, self.found.image
        coarse = self.found.coarse
        here = self.to_file.inverse().apply([[x, y]])
        if isinstance(coarse, Occlusion):
            centers = coarse.windows[:, ::-1] + (settings.patch - 1) / 2
            nearest = int(((centers - here) ** 2).sum(axis=1).argmin())
            window = torch.from_numpy(coarse.windows[nearest : nearest + 1])
        else:
            window = centered_windows(here, settings.patch, image)
        make = plugged("fill", settings.fill, FILLS)
        patch = make(image, window, settings.patch, settings.seed, 0)[0]
        top, left = (int(side) for side in window[0])
        pixels = image.pixels.clone()
        pixels[:, top : top + settings.patch, left : left + settings.patch] = patch
        after = self._probabilities(pixels)
        corners = self.to_file.apply(
            [[left - 0.5, top - 0.5], [left + settings.patch - 0.5, top + settings.patch - 0.5]]
        )
        covered = replace(image, pixels=pixels).picture()
        (x0, y0), (x1, y1) = self.to_file.apply([[0, 0], [image.width, image.height]])
        return Covered(corners, covered, float((x1 - x0) / (y1 - y0)), self._moved(after))

    def _moved(self, after: NDArray[np.float64]) -> tuple[Moved, ...]:
        """Name the class that was looked for, then those with the most probability or change."""
        before = self.probabilities
        weight = np.maximum(before, after) + np.abs(after - before)
        weight[self.found.label_index] = np.inf
        names = self.detector.classifier.class_names
        return tuple(
            Moved(names[index], float(before[index]), float(after[index]))
            for index in np.argsort(-weight, kind="stable")[:NAMED]
        )

    def _probabilities(self, pixels: torch.Tensor) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.detector.classifier.probabilities(pixels[None])[0].numpy(
            force=True
        )
        return found


def _known(points: Keypoints, before: Keypoints) -> Keypoints:
    """Note what hiding costs for each of ``points`` that lies where one lay before."""
    rows = {tuple(place): row for row, place in enumerate(before.xy.tolist())}
    coarse, proved = points.coarse.copy(), points.proved.copy()
    for row, place in enumerate(points.xy.tolist()):
        if np.isnan(coarse[row]) and (known := rows.get(tuple(place))) is not None:
            coarse[row], proved[row] = before.coarse[known], before.proved[known]
    return replace(points, coarse=coarse, proved=proved)

"""Candidates where the class's evidence and the image's own structure agree.

Evidence selects, the image localizes: a corner or a blob is found again on another photograph to a
fraction of a pixel; a peak of a smooth map is not.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from gnomon.geometry import Affine
from gnomon.peaks import apart, candidates
from gnomon.structure import structure, structure_peaks
from gnomon.types import Floats, Heatmap, Singles

FLOOR = 0.03
"""Added to the structure, in units of its mean over the image: below it, less structure changes a
score little."""
MAP_SHARE = 0.5
"""Share of the width of a peak of the evidence by which its place moves."""
TINY = float(np.finfo(np.float32).tiny)
FLAT = 4.0
LEAST_EVIDENCE = 0.25
"""Share of the largest evidence below which the class does not need a place."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """N places ``xy`` (N,2) in the pixels of the detail, best first, and what speaks for each.

    ``score`` (N,) orders them; ``evidence`` (N,) is a share of the image's largest; ``strength``
    (N,) that of the structure and ``focus`` (N,) the evidence once more, in units of their means
    over the image; ``spread`` (N,) how far the evidence alone leaves the place open, a standard
    deviation in pixels.
    """

    xy: Floats
    score: Floats
    evidence: Floats
    strength: Floats
    focus: Floats
    spread: Floats

    def __len__(self) -> int:
        return len(self.xy)

    def take(self, rows: NDArray[Any] | slice) -> "Candidates":
        """Select rows."""
        return Candidates(
            *(getattr(self, field.name)[rows] for field in fields(self)),
        )


def propose(
    gray: Singles,
    evidence: Heatmap,
    to_detail: Affine,
    *,
    smoothing: float,
    structure_weight: float,
    radius: float,
) -> Candidates:
    """Score the peaks of structure by log E + w log R, and keep those with no better one near.

    ``gray`` (h,w) is the luminance of the file at its working size, R its structure (the smaller
    eigenvalue of the structure tensor). E is ``evidence`` smoothed by a Gaussian of ``smoothing``;
    its own peaks are candidates as well, for places without structure. ``to_detail`` takes model
    pixels to those of ``gray``; ``smoothing`` and ``radius`` are in model pixels, those of the side
    along which the file has most pixels for each, so that both are round in the file.
    """
    scale = np.abs(to_detail.matrix[[0, 1], [0, 1]])
    most = float(scale.max())
    strength = structure(gray)
    unit = float(strength.mean()) or 1.0
    sigma = smoothing * most / scale[::-1]
    smooth = gaussian_filter(evidence.values.astype(np.float64), sigma, mode="reflect")
    needed = Heatmap(np.maximum(smooth, 0).astype(np.float32), evidence.kind)
    xy = np.concatenate(
        [structure_peaks(strength)[0], to_detail.apply(candidates(needed, radius).xy)]
    )
    height, width = gray.shape
    inside = (xy >= -0.5).all(axis=1) & (xy <= [width - 0.5, height - 0.5]).all(axis=1)
    xy = xy[inside]
    to_model = to_detail.inverse()
    at = _values_at(needed.values, to_model.apply(xy))
    at /= max(float(needed.values.max()), TINY)
    xy, at = xy[at >= LEAST_EVIDENCE], at[at >= LEAST_EVIDENCE]
    here = _values_at(strength, xy) / unit
    score = np.log(at) + structure_weight * np.log(here + FLOOR)
    focus = at * float(needed.values.max()) / (float(needed.values.mean()) or 1.0)
    spread = most * _spread(needed.values, to_model.apply(xy), smoothing)
    order = np.lexsort((xy[:, 0], xy[:, 1], -score))
    found = Candidates(xy, score, at, here, focus, spread).take(order)
    return found.take(apart(found.xy, radius * most))


def _spread(evidence: Singles, xy: Floats, smoothing: float) -> Floats:
    """Measure the curvature of log E at points (N,2): standard deviations in model pixels (N,).

    Where the evidence is flat, it is ``FLAT`` times the smoothing's.
    """
    width = max(smoothing, 1.0)
    step = width / 2
    middle = np.log(np.maximum(_values_at(evidence, xy), TINY))
    bend = -4 * middle
    for way in ((step, 0), (-step, 0), (0, step), (0, -step)):
        bend += np.log(np.maximum(_values_at(evidence, xy + way), TINY))
    curvature = np.maximum(-bend / (2 * step**2), 1 / (FLAT * width) ** 2)
    spread: Floats = MAP_SHARE / np.sqrt(curvature)
    return spread


def _values_at(values: Singles, xy: Floats) -> Floats:
    read: Floats = map_coordinates(values.astype(np.float64), xy.T[::-1], order=1, mode="nearest")
    return read

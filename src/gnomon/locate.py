"""From maps to keypoints, in either of two ways; the classifier is not asked.

``paper`` takes the peaks of the confidence map and refines them; the default takes the image's own
structure where the class needs it.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import map_coordinates

from gnomon.calibration import confidence_of
from gnomon.foerstner import refine
from gnomon.foerstner.gradients import luminance
from gnomon.fusion import fuse
from gnomon.geometry import Affine
from gnomon.localize import localize
from gnomon.peaks import candidates, keep_top, share_of
from gnomon.presets import Settings
from gnomon.propose import propose
from gnomon.types import Floats, Heatmap, Image, Keypoints, Singles

USUAL = 224
"""Longer side of the networks' inputs for which lengths are given where points are structure."""


FEWEST = 10
"""So many points of structure are kept however small the fraction: of a plain image's few
candidates each may be the one that matters."""


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """What follows from the two maps: their fusion, its candidates' number, and the keypoints."""

    confidence: Heatmap
    n_candidates: int
    keypoints: Keypoints


def locate(image: Image, coarse: Heatmap | None, fine: Heatmap, settings: Settings) -> Located:
    """Find the keypoints of an image, in file pixels, as ``settings.points`` says."""
    confidence = fuse(
        coarse,
        fine,
        coarse_weight=settings.coarse_weight,
        fine_weight=settings.fine_weight,
        coarse_smoothing=settings.coarse_smoothing,
        fine_smoothing=settings.fine_smoothing,
    )
    if settings.points == "structure":
        keypoints, count = _by_structure(image, coarse, fine, settings)
    else:
        keypoints, count = _by_map(image, confidence, coarse, fine, settings)
    return Located(confidence, count, keypoints)


def _by_map(
    image: Image, confidence: Heatmap, coarse: Heatmap | None, fine: Heatmap, settings: Settings
) -> tuple[Keypoints, int]:
    """Take the peaks of the confidence map, and refine them in the image at model size."""
    proposed = inside_file(candidates(confidence, radius=settings.radius), image)
    kept = with_evidence(keep_top(proposed, settings.keep), coarse, fine)
    points = refine(image, kept, window=settings.refine_window, sums=settings.refine_sums)
    points = replace(points, kind=np.where(points.refined, "corner", "map"))
    return points.to_file(image.to_file), len(proposed)


def _by_structure(
    image: Image, coarse: Heatmap | None, fine: Heatmap, settings: Settings
) -> tuple[Keypoints, int]:
    """Take the image's structure where the class needs it, and localize it in the file."""
    gray, to_file = detail_of(image)
    to_detail = image.to_file.then(to_file.inverse())
    scale = max(image.height, image.width) / USUAL
    proposed = propose(
        gray,
        fine,
        to_detail,
        smoothing=settings.fine_smoothing * scale,
        structure_weight=settings.structure_weight,
        radius=settings.radius * scale,
    )
    kept = proposed.take(slice(max(share_of(len(proposed), settings.keep), FEWEST)))
    found = localize(gray, kept.xy, kept.spread)
    bare = Keypoints.at(to_detail.inverse().apply(found.xy), kept.score)
    known = with_evidence(bare, coarse, fine)
    points = replace(
        known,
        xy=found.xy,
        covariance=found.covariance,
        kind=found.kind,
        refined=np.isin(found.kind, ("corner", "blob")),
        confidence=confidence_of(kept),
    )
    return points.to_file(to_file), len(proposed)


def detail_of(image: Image) -> tuple[Singles, Affine]:
    """Return the luminance (h,w) at the working size, and the map from its pixels to the file's."""
    if image.detail is None:
        return luminance(image.pixels.detach().cpu().numpy()), image.to_file
    height, width = image.detail.shape[:2]
    rgb = image.detail.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return luminance(rgb), Affine.resize((width, height), image.size)


def inside_file(points: Keypoints, image: Image) -> Keypoints:
    """Leave out what lies on the ground that padding added around the photograph."""
    x, y = image.to_file.apply(points.xy).T
    width, height = image.size
    return points.take((x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5))


def with_evidence(points: Keypoints, coarse: Heatmap | None, fine: Heatmap) -> Keypoints:
    """Note the maps' values at each point."""
    points = replace(points, fine=value_at(fine, points.xy))
    return points if coarse is None else replace(points, coarse=value_at(coarse, points.xy))


def value_at(heatmap: Heatmap, xy: Floats) -> Floats:
    """Read a map (H,W) at points (N,2), between pixels bilinearly."""
    values: Floats = map_coordinates(
        heatmap.values.astype(np.float64), xy.T[::-1], order=1, mode="nearest"
    )
    return values

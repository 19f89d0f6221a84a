"""Annotated points carried from one photograph to another, through parts or by features alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.datasets import Sample
from gnomon.evaluation import first_landmarks
from gnomon.images import decode
from gnomon.parts import PartModel
from gnomon.parts.describe import Descriptors, look
from gnomon.parts.features import FeatureMaps
from gnomon.types import Floats

ALPHA = 0.1
STEP = 6


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A photograph, its keypoints ``xy`` (N,2) their ``part`` (N,), and all parts' ``places``."""

    sample: Sample
    size: tuple[int, int]
    xy: Floats
    part: NDArray[np.int64]
    places: Floats

    @property
    def landmarks(self) -> dict[str, Floats]:
        """The visible landmarks by name, the first of each."""
        return first_landmarks(self.sample)

    @property
    def scale(self) -> float:
        """The longer side of the object's box."""
        return 1.0 if self.sample.landmarks is None else self.sample.landmarks.scale


def transfer(
    known: list[Seen], held: list[Seen], model: PartModel, features: FeatureMaps
) -> dict[str, float]:
    """PCK@0.1 of carrying points to each held photograph from the known one most like it."""
    told = [one for one in known if one.landmarks]
    galleries = np.stack([signature(one, model, features) for one in told])
    hits: dict[str, list[bool]] = {"through parts": [], "nearest features": []}
    for one in held:
        source = told[int((galleries @ signature(one, model, features)).argmax())]
        shared = sorted(source.landmarks.keys() & one.landmarks.keys())
        if not shared:
            continue
        points = np.stack([source.landmarks[name] for name in shared])
        truth = np.stack([one.landmarks[name] for name in shared])
        carried = {
            "through parts": through_parts(points, source.places, one.places),
            "nearest features": by_features(points, source, one, model, features),
        }
        for name, xy in carried.items():
            hits[name] += (np.hypot(*(xy - truth).T) <= ALPHA * one.scale).tolist()
    return {name: float(np.mean(one)) for name, one in hits.items()} | {
        "points": len(hits["through parts"])
    }


def through_parts(points: Floats, here: Floats, there: Floats) -> Floats:
    """Move points (M,2) with the parts around them: the similarity that suits the nearest best.

    Moving least squares (Schaefer, McPhail, Warren 2006) with weights 1 / distance².
    """
    z, w = here[:, 0] + 1j * here[:, 1], there[:, 0] + 1j * there[:, 1]
    spread = np.abs(z - z.mean()).mean()
    moved = []
    for x, y in points:
        point = x + 1j * y
        weight = 1 / (np.abs(z - point) ** 2 + (0.1 * spread) ** 2)
        fits = []
        for seen in (z, -z.conj()):
            mine = point if seen is z else -point.conjugate()
            a, b = (weight * seen).sum() / weight.sum(), (weight * w).sum() / weight.sum()
            turn = (weight * (w - b) * (seen - a).conj()).sum() / (
                (weight * np.abs(seen - a) ** 2).sum() + 1e-9
            )
            rest = (weight * np.abs(turn * (seen - a) + b - w) ** 2).sum()
            fits.append((rest, turn * (mine - a) + b))
        best = min(fits, key=lambda fit: fit[0])[1]
        moved.append((best.real, best.imag))
    return np.array(moved)


def by_features(
    points: Floats, source: Seen, target: Seen, model: PartModel, features: FeatureMaps
) -> Floats:
    """Move each point to where the target looks most like it; keypoints only choose the view."""
    grid, there = _dense(target, model, features)
    here = look(features, decode(source.sample.image), source.xy)
    wanted = model.space.embed(here.describe(points))
    best: Floats = grid[(wanted @ there.T).argmax(axis=1)]
    return best


def signature(one: Seen, model: PartModel, features: FeatureMaps) -> Descriptors:
    """Give what an image's parts look like, joined: (K*d,) of length 1."""
    seen = look(features, decode(one.sample.image), one.xy)
    joined = model.space.embed(seen.describe(one.places)).ravel()
    unit: Descriptors = joined / np.linalg.norm(joined)
    return unit


def _dense(one: Seen, model: PartModel, features: FeatureMaps) -> tuple[Floats, Descriptors]:
    seen = look(features, decode(one.sample.image), one.xy)
    height, width = seen.view.pixels.shape[1:]
    x, y = np.meshgrid(np.arange(STEP / 2, width, STEP), np.arange(STEP / 2, height, STEP))
    grid = seen.view.from_file.inverse().apply(np.stack([x.ravel(), y.ravel()], axis=1))
    grid = grid[((grid >= 0) & (grid <= np.array(one.size) - 1)).all(axis=1)]
    return grid, model.space.embed(seen.describe(grid))

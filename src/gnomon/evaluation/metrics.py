"""Precision, recall and localization error at equal budgets of points.

A detection is right when a visible landmark lies within alpha times the object's size; a landmark
is found when a detection does. Shares are over all detections, or landmarks, of all images.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.evaluation.bootstrap import Bootstrap, Interval, interval, ratio
from gnomon.evaluation.matching import Match
from gnomon.types import Floats

BUDGETS = (5, 10, 15, 20)
ALPHAS = (0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Score:
    """What the best ``budget`` points of each image are worth at tolerance ``alpha``.

    ``points`` and ``landmarks`` are how many were counted in ``images``; ``error`` is the mean
    distance from a found landmark to its nearest detection, in units of the object's size, and
    ``error_px`` in pixels.
    """

    budget: int
    alpha: float
    images: int
    points: int
    landmarks: int
    precision: Interval
    recall: Interval
    f1: Interval
    error: Interval
    error_px: Interval


@dataclass(frozen=True, slots=True)
class PartScore:
    """How well one part's landmarks are found."""

    part: str
    budget: int
    alpha: float
    landmarks: int
    recall: Interval
    error: Interval


@dataclass(frozen=True, slots=True, eq=False)
class _Hits:
    """One image, B budgets, A tolerances, M landmarks: points (B,), right (B,A), found (B,A,M)."""

    points: Floats
    right: Floats
    found: NDArray[np.bool_]
    error: Floats


def score(
    matches: Sequence[Match],
    budgets: Sequence[int] = BUDGETS,
    alphas: Sequence[float] = ALPHAS,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[Score, ...]:
    """Score detections at each budget and, within it, each tolerance.

    Images without a visible landmark can tell nothing and are left out.
    """
    told = [match for match in matches if match.parts]
    hits = [_hits(match, budgets, alphas) for match in told]
    draws = Bootstrap.of(len(told), resamples, seed)
    cells = (len(budgets), len(alphas))
    points = draws.sums([hit.points for hit in hits], (len(budgets),))
    right = draws.sums([hit.right for hit in hits], cells)
    landmarks = draws.sums([len(match.parts) for match in told], ())
    found = draws.sums([hit.found.sum(axis=2) for hit in hits], cells)
    errors = [hit.error.sum(axis=2) for hit in hits]
    error = draws.sums(errors, cells)
    error_px = draws.sums([e * m.scale for e, m in zip(errors, told, strict=True)], cells)

    def one(b: int, a: int) -> Score:
        precision = ratio(right[:, b, a], points[:, b])
        recall = ratio(found[:, b, a], landmarks)
        return Score(
            budget=budgets[b],
            alpha=alphas[a],
            images=len(told),
            points=int(points[0, b]),
            landmarks=int(landmarks[0]),
            precision=interval(precision),
            recall=interval(recall),
            f1=interval(_harmonic_mean(precision, recall)),
            error=interval(ratio(error[:, b, a], found[:, b, a])),
            error_px=interval(ratio(error_px[:, b, a], found[:, b, a])),
        )

    return tuple(one(b, a) for b in range(cells[0]) for a in range(cells[1]))


def score_classes(
    matches: Sequence[Match],
    budgets: Sequence[int] = BUDGETS,
    alphas: Sequence[float] = ALPHAS,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[Score, ...]]:
    """Score each class's images by themselves; images without a class are left out."""
    labels = sorted({match.label for match in matches if match.label is not None})
    return {
        label: score(
            [match for match in matches if match.label == label],
            budgets,
            alphas,
            resamples=resamples,
            seed=seed,
        )
        for label in labels
    }


def score_parts(
    matches: Sequence[Match],
    budgets: Sequence[int] = BUDGETS,
    alphas: Sequence[float] = ALPHAS,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[PartScore, ...]:
    """Score each part's landmarks by themselves, at each budget and, within it, each tolerance."""
    parts = sorted({part for match in matches for part in match.parts})
    draws = Bootstrap.of(len(matches), resamples, seed)
    hits = [_hits(match, budgets, alphas) for match in matches]
    which = [np.array([[p == q for q in parts] for p in m.parts], dtype=float) for m in matches]
    which = [one.reshape(len(m.parts), len(parts)) for one, m in zip(which, matches, strict=True)]
    cells = (len(budgets), len(alphas), len(parts))
    landmarks = draws.sums([one.sum(axis=0) for one in which], (len(parts),))
    found = draws.sums([h.found @ one for h, one in zip(hits, which, strict=True)], cells)
    error = draws.sums([h.error @ one for h, one in zip(hits, which, strict=True)], cells)
    return tuple(
        PartScore(
            part=part,
            budget=budget,
            alpha=alpha,
            landmarks=int(landmarks[0, p]),
            recall=interval(ratio(found[:, b, a, p], landmarks[:, p])),
            error=interval(ratio(error[:, b, a, p], found[:, b, a, p])),
        )
        for p, part in enumerate(parts)
        for b, budget in enumerate(budgets)
        for a, alpha in enumerate(alphas)
    )


def _harmonic_mean(precision: Floats, recall: Floats) -> Floats:
    both_nothing = precision + recall == 0
    return np.where(both_nothing, 0.0, ratio(2 * precision * recall, precision + recall))


def _hits(match: Match, budgets: Sequence[int], alphas: Sequence[float]) -> _Hits:
    points, landmarks = match.distances.shape
    used = np.minimum(budgets, points)
    tolerance = np.array(alphas)[:, None]

    to_landmark = match.distances.min(axis=1, initial=np.inf)
    right = np.cumsum(to_landmark <= tolerance, axis=1)
    right = np.concatenate([np.zeros((len(alphas), 1)), right], axis=1)[:, used].T

    unseen = np.full((1, landmarks), np.inf)
    to_detection = np.minimum.accumulate(np.concatenate([unseen, match.distances]))[used, None]
    found = to_detection <= tolerance
    return _Hits(used.astype(float), right, found, np.where(found, to_detection, 0.0))

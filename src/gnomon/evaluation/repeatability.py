"""Found again: the share of an image's best points that a warp of the image has too.

docs/evaluation.md defines it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gnomon.evaluation.bootstrap import Bootstrap, Interval, interval, ratio
from gnomon.evaluation.warps import Rgb, Size, Warp
from gnomon.extras import library
from gnomon.types import Floats, Keypoints

TOLERANCES = (1.0, 2.0, 4.0, 8.0)
"""Pixels of the photograph."""
COUNT, APART = 15, 5.0
"""So many points of each image count, the best ones that are so many pixels apart."""
CALIBRATED = 4.0
"""Errors up to here, in pixels or in the longest standard deviation of the two places, whichever is
more, are the places' own; beyond, another point was matched."""
WITHIN_95 = 5.991
Finder = Callable[[Rgb], Keypoints]
"""(a photograph (h,w,3)) -> its keypoints in file pixels, best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """How the points of one image and those of its warp meet.

    ``shares`` (T,) are found again within each of ``TOLERANCES``, NaN where no point could be;
    ``errors`` (M,) the distances of matched points within the largest; ``held`` (M,) whether an
    error within ``CALIBRATED`` lies in the 95 % ellipse of both covariances, NaN where there is
    none; ``pairs`` (M,2) which points were matched; ``stays`` (N,) and ``comes`` (K,) whether the
    true place of each point of the image, and of the warp, lies inside the other.
    """

    shares: Floats
    errors: Floats
    held: Floats
    pairs: NDArray[np.int64]
    stays: NDArray[np.bool_]
    comes: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Repeatability:
    """A method under one kind of warp, over so many pairs of images.

    ``found`` are the shares found again within each of ``TOLERANCES``; ``error`` is the median
    distance of matched points in pixels; ``held`` the share of errors inside the 95 % ellipse, of
    the share ``known`` of matched points that have one.
    """

    method: str
    warp: str
    pairs: int
    found: tuple[Interval, ...]
    error: float
    held: float
    known: float


def best_apart(points: Keypoints, count: int = COUNT) -> Keypoints:
    """Keep the best points, going down the list, that lie ``APART`` from all kept before."""
    kept: list[int] = []
    for row, place in enumerate(points.xy):
        if len(kept) == count:
            break
        if all(np.hypot(*(place - points.xy[other])) >= APART for other in kept):
            kept.append(row)
    return points.take(np.array(kept, dtype=np.int64))


def found_again(
    points: Keypoints, others: Keypoints, warp: Warp, size: Size, count: int = COUNT
) -> Again:
    """Match the best points of an image of ``size`` one to one to those of its warp.

    A point whose true place is outside of the other image does not count. Each share is matched
    points over ``count`` less those that do not count, from either image, averaged: a method that
    gives fewer points than ``count`` gains nothing by it.
    """
    mine, theirs = best_apart(points, count), best_apart(others, count)
    there, back = warp.apply(mine.xy), warp.inverse().apply(theirs.xy)
    stays, comes = _inside(there, size), _inside(back, size)
    apart = np.linalg.norm(there[:, None] - theirs.xy[None], axis=2)
    apart[~stays] = apart[:, ~comes] = np.inf
    could = count - np.array([(~stays).sum(), (~comes).sum()])
    shares = [
        ratio(np.full(2, float(len(_matched(apart, within)))), could.astype(float)).mean()
        for within in TOLERANCES
    ]
    pairs = _matched(apart, TOLERANCES[-1])
    errors = apart[pairs[:, 0], pairs[:, 1]]
    held = _held(mine, theirs, warp, pairs)
    return Again(np.array(shares), errors, held, pairs, stays, comes)


def _inside(xy: Floats, size: Size) -> NDArray[np.bool_]:
    (x, y), (width, height) = xy.T, size
    inside: NDArray[np.bool_] = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    return inside


def _matched(apart: Floats, within: float) -> NDArray[np.int64]:
    """Match as many as can be within a distance, of such matchings the nearest: pairs (M,2)."""
    far = 1e6
    costs = np.where(apart <= within, apart - far, 0.0)
    rows, columns = linear_sum_assignment(costs)
    near = apart[rows, columns] <= within
    return np.stack([rows[near], columns[near]], axis=1)


def _held(mine: Keypoints, theirs: Keypoints, warp: Warp, pairs: NDArray[np.int64]) -> Floats:
    first, second = pairs.T
    xy = mine.xy[first]
    slope = warp.jacobian(xy)
    both = slope @ mine.covariance[first] @ slope.transpose(0, 2, 1) + theirs.covariance[second]
    error = warp.apply(xy) - theirs.xy[second]
    known = np.isfinite(both).all(axis=(1, 2))
    longest = np.ones(len(pairs))
    longest[known] = np.sqrt(np.linalg.eigvalsh(both[known])[:, 1])
    known &= np.hypot(*error.T) <= CALIBRATED * np.maximum(longest, 1.0)
    held = np.full(len(pairs), np.nan)
    distance = np.linalg.solve(both[known], error[known][:, :, None])[:, :, 0]
    held[known] = (error[known] * distance).sum(axis=1) <= WITHIN_95
    return held


def summarize(method: str, warp: str, pairs: Sequence[Again], seed: int = 0) -> Repeatability:
    """Average over pairs of images, with bootstrap intervals over them."""
    told = [one for one in pairs if np.isfinite(one.shares).all()]
    draws = Bootstrap.of(len(told), 1000, seed)
    counted = draws.sums([1.0] * len(told), ())
    shares = draws.sums([one.shares for one in told], (len(TOLERANCES),))
    errors = np.concatenate([one.errors for one in pairs]) if pairs else np.zeros(0)
    held = np.concatenate([one.held for one in pairs]) if pairs else np.zeros(0)
    near = errors <= CALIBRATED
    known = np.isfinite(held)
    return Repeatability(
        method=method,
        warp=warp,
        pairs=len(told),
        found=tuple(interval(ratio(column, counted)) for column in shares.T),
        error=float(np.median(errors)) if len(errors) else float("nan"),
        held=float(held[known].mean()) if known.any() else float("nan"),
        known=float(known.sum() / near.sum()) if near.any() else float("nan"),
    )


def rivals(seed: int = 0, count: int = 60) -> dict[str, Finder]:
    """Name what a user could take instead: corners, SIFT, and points anywhere."""
    return {
        "Shi-Tomasi": partial(_shi_tomasi, count),
        "SIFT": partial(_sift, count),
        "chance": _Chance(seed, count),
    }


def _shi_tomasi(count: int, rgb: Rgb) -> Keypoints:
    cv2 = library("cv2", "evaluation", "a baseline of corners")
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    xy = cv2.goodFeaturesToTrack(gray, maxCorners=count, qualityLevel=1e-4, minDistance=APART)
    xy = np.zeros((0, 2)) if xy is None else xy[:, 0].astype(np.float64)
    return Keypoints.at(xy, np.arange(len(xy), 0, -1), "file")


def _sift(count: int, rgb: Rgb) -> Keypoints:
    cv2 = library("cv2", "evaluation", "a baseline of SIFT")
    detector = cv2.SIFT_create(enable_precise_upscale=True)
    found = detector.detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), None)
    found = sorted(found, key=lambda point: -point.response)
    xy = np.array([point.pt for point in found], dtype=np.float64).reshape(-1, 2)
    return Keypoints.at(xy, np.arange(len(xy), 0, -1), "file")


class _Chance:
    """Points anywhere, other ones each time."""

    def __init__(self, seed: int, count: int) -> None:
        self._random = np.random.default_rng(seed)
        self._count = count

    def __call__(self, rgb: Rgb) -> Keypoints:
        high = np.array(rgb.shape[1::-1]) - 0.5
        xy = self._random.uniform(-0.5, high, (self._count, 2))
        return Keypoints.at(xy, np.arange(self._count, 0, -1), "file")

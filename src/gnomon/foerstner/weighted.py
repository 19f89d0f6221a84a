"""Weighted sums: pixels count by distance and by how much they are an edge, until a point rests.

docs/refinement.md derives weights, covariance and constants, and says what was measured.
"""

from collections.abc import Iterator
from math import ceil, floor, sqrt
from typing import NamedTuple

import numpy as np

from gnomon.foerstner.compiled import compiled_for_sums
from gnomon.foerstner.field import GRADIENT_NOISE, Field, field_of
from gnomon.foerstner.gradients import MIN_ROUNDNESS, Flags
from gnomon.types import Floats, Singles

Vector = tuple[float, float]
Matrix = tuple[float, float, float, float]
"""xx, xy, yx, yy."""

MISFIT_SHARE = 0.0225
ROUNDS, REST = 4, 0.25
MIN_SIZE = 2.0


class _Disc(NamedTuple):
    """The pixels nearer than ``radius`` to (``x``, ``y``): from which row and column, up to which.

    Of each only those are counted that have a vote: the image's outermost pixels have none.
    """

    x: float
    y: float
    radius: float
    top: int
    bottom: int
    left: int
    right: int


class _Sums(NamedTuple):
    """Over a disc, seen from its middle: A, b, and -d(A x - b)/dx, as the disc moves along."""

    a: Matrix
    b: Vector
    slope: Matrix


class _Limits(NamedTuple):
    """How far a point may move; the least 4 det A / tr² A; the least of A for a weight of 1."""

    half: float
    roundness: float
    size: float


def by_weighted_sums(gray: Singles, start: Floats, half: float) -> tuple[Floats, Floats, Flags]:
    """Solve over a disc, again around the new place until it rests.

    A point stays where A is too small (smaller eigenvalue below twice what noise alone gives) or
    too flat (4 det A / tr² A at most 0.1), or where no point of rest is found within ``half`` of it
    and within the image.
    """
    xy, covariance = start.copy(), np.full((len(start), 2, 2), np.nan)
    refined = np.zeros(len(start), dtype=np.bool_)
    field = field_of(gray)
    limits = _Limits(half, MIN_ROUNDNESS, MIN_SIZE * GRADIENT_NOISE * field.noise)
    _refine(field, limits, xy, covariance, refined)
    return xy, covariance, refined


@compiled_for_sums
def _refine(field: Field, limits: _Limits, xy: Floats, covariance: Floats, refined: Flags) -> None:
    """Move each point to its place of rest, where it has one, and say how well that is known."""
    height, width = field.weight.shape
    half, radius = limits.half, limits.half + 1
    for point in range(len(xy)):
        start = xy[point, 0], xy[point, 1]
        low = max(start[0] - half, -0.5), max(start[1] - half, -0.5)
        high = min(start[0] + half, width - 0.5), min(start[1] + half, height - 0.5)
        place, roundness = _approach(field, start, low, high, radius)
        if not roundness > limits.roundness:
            continue
        disc = _disc(field, place, radius)
        sums = _sums(field, disc)
        inverse = _inverse(sums.slope)
        step = _times(inverse, sums.b)
        place = place[0] + step[0], place[1] + step[1]
        inside = low[0] <= place[0] <= high[0] and low[1] <= place[1] <= high[1]
        clear = _smaller_eigenvalue(sums.a) > limits.size * _weight(field, disc)
        if inside and clear and _is_short(step):
            xy[point, 0], xy[point, 1] = place
            _write_covariance(field, disc, inverse, covariance[point])
            refined[point] = True


@compiled_for_sums
def _approach(
    field: Field, start: Vector, low: Vector, high: Vector, radius: float
) -> tuple[Vector, float]:
    """Solve A x = b, then take Newton's steps until one is short.

    Give the place, and 4 det / tr² A there, where det is the slope's; 0 where no step was short.
    """
    place = _clip(start, low, high)
    sums = _sums(field, _disc(field, place, radius))
    step = _times(_inverse(sums.a), sums.b)
    for _ in range(ROUNDS):
        place = _clip((place[0] + step[0], place[1] + step[1]), low, high)
        sums = _sums(field, _disc(field, place, radius))
        step = _times(_inverse(sums.slope), sums.b)
        if _is_short(step):
            place = _clip((place[0] + step[0], place[1] + step[1]), low, high)
            return place, 4 * _det(sums.slope) / (sums.a[0] + sums.a[3]) ** 2
    return place, 0.0


@compiled_for_sums
def _clip(place: Vector, low: Vector, high: Vector) -> Vector:
    return min(max(place[0], low[0]), high[0]), min(max(place[1], low[1]), high[1])


@compiled_for_sums
def _is_short(step: Vector) -> bool:
    return step[0] ** 2 + step[1] ** 2 <= REST**2


@compiled_for_sums
def _disc(field: Field, place: Vector, radius: float) -> _Disc:
    height, width = field.weight.shape
    (x, y) = place
    top, bottom = max(ceil(y - radius), 1), min(floor(y + radius) + 1, height - 1)
    left, right = max(ceil(x - radius), 1), min(floor(x + radius) + 1, width - 1)
    return _Disc(x, y, radius, top, bottom, left, right)


@compiled_for_sums
def _pixels(disc: _Disc) -> Iterator[tuple[int, int, float, float, float]]:
    """Return each pixel's row and column, where it lies from the middle (x, y), and its taper.

    The taper falls from 1 in the middle to 0 at the rim.
    """
    share = 1 / disc.radius**2
    for row in range(disc.top, disc.bottom):
        y = row - disc.y
        for column in range(disc.left, disc.right):
            x = column - disc.x
            taper = 1 - (x * x + y * y) * share
            if taper > 0:
                yield row, column, x, y, taper


@compiled_for_sums
def _sums(field: Field, disc: _Disc) -> _Sums:
    a_xx = a_xy = a_yy = b_x = b_y = d_xx = d_xy = d_yx = d_yy = 0.0
    share = 1 / disc.radius**2
    for row in range(disc.top, disc.bottom):
        y = row - disc.y
        slopes_x, slopes_y = field.gradient[:, row, disc.left : disc.right]
        weights = field.weight[row, disc.left : disc.right]
        # No branch for what is not inside, so that pixels are summed several at a time.
        for column in range(disc.right - disc.left):
            x = disc.left + column - disc.x
            taper = 1 - (x * x + y * y) * share
            inside = taper > 0
            taper = taper if inside else 0.0
            slope_x, slope_y = np.float64(slopes_x[column]), np.float64(slopes_y[column])
            pull_x, pull_y = weights[column] * slope_x, weights[column] * slope_y
            xx, xy, yy = pull_x * slope_x, pull_x * slope_y, pull_y * slope_y
            miss_x = xx * x + xy * y if inside else 0.0
            miss_y = xy * x + yy * y if inside else 0.0
            a_xx += taper * xx
            a_xy += taper * xy
            a_yy += taper * yy
            b_x += taper * miss_x
            b_y += taper * miss_y
            d_xx += miss_x * x
            d_xy += miss_x * y
            d_yx += miss_y * x
            d_yy += miss_y * y
    # The taper moves with the point; what it then weighs anew is the lines' distances.
    pull = 2 * share
    slope = a_xx - pull * d_xx, a_xy - pull * d_xy, a_xy - pull * d_yx, a_yy - pull * d_yy
    return _Sums((a_xx, a_xy, a_xy, a_yy), (b_x, b_y), slope)


@compiled_for_sums
def _weight(field: Field, disc: _Disc) -> float:
    """Sum the weights."""
    weight = 0.0
    for row, column, _, _, taper in _pixels(disc):
        weight += taper * field.weight[row, column]
    return weight


@compiled_for_sums
def _write_covariance(field: Field, disc: _Disc, inverse: Matrix, covariance: Floats) -> None:
    """Sum what the image's noise and the lines' misfit do to a point at rest, into (2,2)."""
    c_xx = c_xy = c_yy = 0.0
    noise = field.noise
    for row, column, x, y, taper in _pixels(disc):
        swing = 4 * taper - 2
        pull = _smooth_pull(field, row, column)
        by_noise = _times(inverse, (swing * pull[0], swing * pull[1]))
        slope_x, slope_y = field.gradient[0, row, column], field.gradient[1, row, column]
        miss = taper * field.weight[row, column] * (slope_x * x + slope_y * y)
        by_misfit = _times(inverse, (miss * slope_x, miss * slope_y))
        c_xx += noise * by_noise[0] ** 2 + MISFIT_SHARE * by_misfit[0] ** 2
        c_xy += noise * by_noise[0] * by_noise[1] + MISFIT_SHARE * by_misfit[0] * by_misfit[1]
        c_yy += noise * by_noise[1] ** 2 + MISFIT_SHARE * by_misfit[1] ** 2
    covariance[0, 0], covariance[0, 1], covariance[1, 0], covariance[1, 1] = c_xx, c_xy, c_xy, c_yy


@compiled_for_sums
def _smooth_pull(field: Field, row: int, column: int) -> Vector:
    """Smooth the weighted gradient along both axes as gradients are along one."""
    x = y = 0.0
    for down in range(3):
        for across in range(3):
            at = row + down - 1, column + across - 1
            weight = field.smoothing[down, across] * field.weight[at]
            x += weight * field.gradient[0][at]
            y += weight * field.gradient[1][at]
    return x, y


@compiled_for_sums
def _smaller_eigenvalue(symmetric: Matrix) -> float:
    (xx, xy, _, yy) = symmetric
    return (xx + yy) / 2 - sqrt((xx - yy) ** 2 / 4 + xy * xy)


@compiled_for_sums
def _det(matrix: Matrix) -> float:
    (xx, xy, yx, yy) = matrix
    return xx * yy - xy * yx


@compiled_for_sums
def _inverse(matrix: Matrix) -> Matrix:
    """Invert, to zero where that cannot be."""
    (xx, xy, yx, yy), det = matrix, _det(matrix)
    if det == 0:
        return 0.0, 0.0, 0.0, 0.0
    return yy / det, -xy / det, -yx / det, xx / det


@compiled_for_sums
def _times(matrix: Matrix, vector: Vector) -> Vector:
    (xx, xy, yx, yy), (x, y) = matrix, vector
    return xx * x + xy * y, yx * x + yy * y

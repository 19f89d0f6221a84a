"""Weighted sums: pixels count by distance and by how much they are an edge, until a point rests.

docs/refinement.md derives weights, covariance and constants, and says what was measured.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gnomon.foerstner.field import GRADIENT_NOISE, TENSOR, Field, field_of
from gnomon.foerstner.gradients import MIDDLE, MIN_ROUNDNESS, SIDE, Flags, Singles
from gnomon.types import Floats

Indices = NDArray[np.int64]

MISFIT_SHARE = 0.0225
ROUNDS, REST = 4, 0.25
FINE = 8
MIN_SIZE = 2.0
CHUNK = 512


@dataclass(frozen=True, slots=True)
class _Discs:
    """The k x k pixels about n points ``xy`` (n,2), around the pixels ``middle`` (n,2).

    ``factors`` (n,6,kk): taper, taper x, taper y, and inside the disc xx, xy, yy, where x and y
    count from the point. The taper falls from 1 at the point to 0 at the rim.
    """

    xy: Floats
    middle: Indices
    factors: Singles


def by_weighted_sums(grey: Singles, start: Floats, half: float) -> tuple[Floats, Floats, Flags]:
    """Solve over a disc, again around the new place until it rests.

    A point stays where A is too small (smaller eigenvalue below twice what noise alone gives) or
    too flat (4 det A / tr² A at most 0.1), or where no point of rest is found within ``half`` of it
    and within the image.
    """
    xy = start.copy()
    covariance = np.full((len(xy), 2, 2), np.nan)
    refined = np.zeros(len(xy), dtype=np.bool_)
    field = field_of(grey, margin=_reach(half + 1) + 1)
    for first in range(0, len(xy), CHUNK):
        rows = slice(first, first + CHUNK)
        xy[rows], covariance[rows], refined[rows] = _refine(field, xy[rows], half)
    return xy, covariance, refined


def _refine(field: Field, start: Floats, half: float) -> tuple[Floats, Floats, Flags]:
    """Approach each point's place of rest, take the last step exactly, and judge where it ends."""
    far = np.array(field.size[::-1]) - 0.5
    low, high = (start - half).clip(-0.5, far), (start + half).clip(-0.5, far)
    radius = half + 1
    xy, arrived = _approach(field, np.clip(start, -0.5, far), low, high, radius)
    rows = np.flatnonzero(arrived)
    discs = _discs(field.size, xy[rows], radius)
    step, _, inverse = _step(field, discs, radius)
    place = discs.xy + step
    inside = (np.abs(place - start[rows]) <= half) & (place == place.clip(-0.5, far))
    good = _is_short(step) & inside.all(axis=1) & _stands_out(field, discs)
    rows = rows[good]
    moved, covariance = start.copy(), np.full((len(start), 2, 2), np.nan)
    moved[rows] = place[good]
    covariance[rows] = _covariance(field, discs, inverse)[good]
    refined = np.zeros(len(start), dtype=np.bool_)
    refined[rows] = True
    return moved, covariance, refined


def _approach(
    field: Field, start: Floats, low: Floats, high: Floats, radius: float
) -> tuple[Floats, Flags]:
    """Step from stencil to stencil until a step is short; give the places (n,2) so far.

    The second: whose last step was short, and from a corner.
    """
    xy = _first(field, start, radius).clip(low, high)
    arrived = np.zeros(len(start), dtype=np.bool_)
    moving = np.arange(len(start))
    for _ in range(ROUNDS):
        xy[moving], short, is_corner = _next(field, xy.take(moving, axis=0), radius)
        xy = xy.clip(low, high)
        arrived[moving] = short & is_corner
        moving = moving[~short]
        if not moving.size:
            break
    return xy, arrived


def _first(field: Field, xy: Floats, radius: float) -> Floats:
    """Find the solutions of A x = b near the given places."""
    discs = _near_discs(field.size, xy, radius)
    return discs.xy + _solve(field, discs)


def _next(field: Field, xy: Floats, radius: float) -> tuple[Floats, Flags, Flags]:
    """Find where Newton's step leads, whether it is short, and whether it starts at a corner."""
    discs = _near_discs(field.size, xy, radius)
    step, is_corner, _ = _step(field, discs, radius)
    return discs.xy + step, _is_short(step), is_corner


def _is_short(step: Floats) -> Flags:
    short: Flags = np.hypot(step[:, 0], step[:, 1]) <= REST
    return short


def _smooth(values: Singles) -> Singles:
    """Smooth the last two axes as Scharr's operator does one, inner pixels only.

    Opposite neighbours are added first, so that a mirrored image gives the same bits.
    """
    rows: Singles = (
        SIDE * (values[..., :-2, :] + values[..., 2:, :]) + MIDDLE * values[..., 1:-1, :]
    )
    both: Singles = SIDE * (rows[..., :-2] + rows[..., 2:]) + MIDDLE * rows[..., 1:-1]
    return both


def _reach(radius: float) -> int:
    """Count the pixels that a disc may reach to each side of its middle."""
    return int(radius)


def _discs(size: tuple[int, int], xy: Floats, radius: float) -> _Discs:
    middle = _middles(size, xy)
    return _Discs(xy, middle, _factors(middle - xy, radius))


def _near_discs(size: tuple[int, int], xy: Floats, radius: float) -> _Discs:
    """Give the discs about the nearest of the places that there are stencils for."""
    middle = _middles(size, xy)
    cell = np.rint((xy - middle) * FINE).astype(np.int64)
    column, row = cell.T + FINE // 2
    factors = _stencils(radius).take(row * (FINE + 1) + column, axis=0)
    return _Discs(middle + cell / FINE, middle, factors)


def _middles(size: tuple[int, int], xy: Floats) -> Indices:
    """Find the pixels of the image that points are on."""
    middles: Indices = np.rint(xy.clip(0, np.array(size[::-1]) - 1)).astype(np.int64)
    return middles


@lru_cache(maxsize=1)
def _stencils(radius: float) -> Singles:
    """Give factors for each 1/FINE pixel from half a pixel before a middle to half behind it."""
    places = np.arange(-FINE // 2, FINE // 2 + 1) / FINE
    xy = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)
    stencils = _factors(-xy, radius)
    stencils.flags.writeable = False
    return stencils


def _factors(offset: Floats, radius: float) -> Singles:
    """Give the factors (n,6,kk) of discs whose middles are ``offset`` (n,2) away from the point."""
    reach = _reach(radius)
    side = 2 * reach + 1
    columns, rows = (offset.T[:, :, None] + np.arange(-reach, reach + 1)).astype(np.float32)
    x, y = np.tile(columns, side), np.repeat(rows, side, axis=1)
    taper: Singles = np.maximum((1 - (y / radius) ** 2) - (x / radius) ** 2, 0)
    inside = np.sign(taper)
    inside_x = inside * x
    factors = [taper, taper * x, taper * y, inside_x * x, inside_x * y, inside * (y * y)]
    return np.stack(factors, axis=1)


def _patches(maps: Singles, middle: Indices, side: int) -> Singles:
    """Cut squares around the ``middle`` pixels (n,2; x, y) out of maps (c,H,W): (c,n,side,side)."""
    x, y = middle.T - side // 2
    squares = sliding_window_view(maps, (side, side), axis=(1, 2))
    # A row of a square is one item here, which numpy copies in one piece.
    rows = squares.view(f"V{side * maps.itemsize}")
    return rows[:, y, x].view(np.float32)


def _votes(field: Field, discs: _Discs, channels: slice) -> Singles:
    """Give channels of the votes (c,n,kk) of the discs' pixels."""
    count, _, pixels = discs.factors.shape
    votes = _patches(field.votes[channels], discs.middle + field.margin, math.isqrt(pixels))
    return votes.reshape(len(votes), count, pixels)


def _totals(votes: Singles, factors: Singles) -> Floats:
    """Sum, over a disc's pixels, the votes (c,n,kk) times each of the factors (n,f,kk): (f,c,n)."""
    totals = factors @ votes.transpose(1, 2, 0)
    return np.ascontiguousarray(totals.transpose(1, 2, 0), dtype=np.float64)


def _solve(field: Field, discs: _Discs) -> Floats:
    """Find the step (n,2) to the solution of A x = b."""
    votes = _votes(field, discs, TENSOR)
    (xx, xy, yy), along_x, along_y = _totals(votes, discs.factors[:, :3])
    inverse, _ = _inverse(xx, xy, xy, yy)
    return _times(inverse, along_x[0] + along_y[1], along_x[1] + along_y[2])


def _step(field: Field, discs: _Discs, radius: float) -> tuple[Floats, Flags, Floats]:
    """Find Newton's step (n,2) to where A x = b rests, and whether A is a corner's, not an edge's.

    The third is the inverse (2,2,n) of the derivative of A x - b.
    """
    votes = _votes(field, discs, TENSOR)
    (xx, xy, yy), along_x, along_y, x_x, x_y, y_y = _totals(votes, discs.factors)
    # The taper moves with the point; what it then weighs anew is the lines' distances.
    pull = 2 / radius**2
    inverse, det = _inverse(
        xx - pull * (x_x[0] + x_y[1]),
        xy - pull * (x_y[0] + y_y[1]),
        xy - pull * (x_x[1] + x_y[2]),
        yy - pull * (x_y[1] + y_y[2]),
    )
    step = _times(inverse, along_x[0] + along_y[1], along_x[1] + along_y[2])
    return step, 4 * det > MIN_ROUNDNESS * (xx + yy) ** 2, inverse


def _stands_out(field: Field, discs: _Discs) -> Flags:
    """Tell whether A's smaller eigenvalue is well above what noise alone gives."""
    votes = _votes(field, discs, slice(4))
    ((weight, xx, xy, yy),) = _totals(votes, discs.factors[:, :1])
    smaller = (xx + yy) / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy * xy)
    clear: Flags = smaller > MIN_SIZE * GRADIENT_NOISE * field.noise * weight
    return clear


def _covariance(field: Field, discs: _Discs, inverse: Floats) -> Floats:
    """Find the covariance (n,2,2) of points at rest."""
    taper, taper_x, taper_y = discs.factors[:, :3].swapaxes(0, 1)
    swing = (4 * taper - 2) * np.sign(taper)
    side = math.isqrt(taper.shape[1])
    pulls = _smooth(_patches(field.pulls, discs.middle + field.margin, side + 2))
    xx, xy, yy = _votes(field, discs, TENSOR)
    by_noise = swing * pulls.reshape(2, *swing.shape)
    by_misfit = np.array([taper_x * xx + taper_y * xy, taper_x * xy + taper_y * yy])
    variance = field.noise * _products(by_noise) + MISFIT_SHARE * _products(by_misfit)
    covariance: Floats = np.einsum("ikn,kln,jln->nij", inverse, variance, inverse)
    return covariance


def _products(vectors: Singles) -> Singles:
    """Sum the products (2,2,n) of vectors (2,n,kk) with themselves."""
    products: Singles = np.einsum("ink,jnk->ijn", vectors, vectors)
    return products


def _times(matrices: Floats, x: Floats, y: Floats) -> Floats:
    return (matrices[:, 0] * x + matrices[:, 1] * y).T


def _inverse(xx: Floats, xy: Floats, yx: Floats, yy: Floats) -> tuple[Floats, Floats]:
    """Invert n matrices to (2,2,n), zero where singular; give the determinants too."""
    det = xx * yy - xy * yx
    return np.array([[yy, -xy], [-yx, xx]]) / np.where(det == 0, np.inf, det), det

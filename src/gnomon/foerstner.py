"""Förstner's corner point: where the edges of a small window meet, to a fraction of a pixel.

docs/refinement.md derives weights, covariance and constants, and says what was measured.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gnomon.errors import SettingError
from gnomon.types import Floats, Image, Keypoints

Singles = NDArray[np.float32]
Rows = NDArray[np.bool_]

LUMINANCE = np.array([0.299, 0.587, 0.114])
SIDE, MIDDLE = np.float32(3 / 32), np.float32(10 / 32)
GRADIENT_NOISE = float(2 * (2 * SIDE**2 + MIDDLE**2))
NOISE_QUANTILE, NOISE_DISAGREEMENT = 0.1, 0.897
FAINT = 1e-7
WEAK_GRADIENT = 4.0
MISFIT_SHARE = 0.03
ROUNDS, REST = 4, 0.2
MIN_ROUNDNESS = 0.1
MIN_SIZE = 2.0
CHUNK = 512
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class _Field:
    """What each pixel of an image (height, width) votes for; the outermost pixels have no vote.

    ``gradient`` (2,HW); ``weight`` (HW); ``tensor`` (3,HW) weight times xx, xy, yy of the gradient;
    ``noise`` variance of the grey values; ``weak`` squared gradient that counts as weak.
    """

    size: tuple[int, int]
    gradient: Floats
    weight: Singles
    tensor: Singles
    noise: float
    weak: float


@dataclass(frozen=True, slots=True)
class _Discs:
    """The pixels around n points: flat ``index`` and ``taper`` (k,k,n), offsets ``x`` and ``y``."""

    index: NDArray[np.int64]
    x: Floats
    y: Floats
    taper: Singles


def refine(image: Image, keypoints: Keypoints, *, window: int = 7) -> Keypoints:
    """Move each keypoint to where the edges around it meet.

    Solves A x = b, A = sum w ∇I∇Iᵀ, b = sum w ∇I∇Iᵀ p over a disc about ``window`` pixels wide on
    the grey image, again around the new place until it rests (Förstner and Gülch 1987). Takes and
    returns model pixels, covariance in px². A point stays where it was, ``refined`` false and
    covariance NaN, where A is too small (smaller eigenvalue below twice what noise alone gives) or
    too flat (4 det A / tr² A below 0.1), or where no point of rest is found within half a window
    and within the image. ``SettingError`` for a window below 1 or keypoints in file pixels.
    """
    if window < 1:
        raise SettingError(f"window is {window}; it must be 1 pixel or more")
    if keypoints.frame != "model":
        raise SettingError("refine takes keypoints in model pixels; these are in file pixels")
    xy = keypoints.xy.copy()
    covariance = np.full((len(xy), 2, 2), np.nan)
    refined = np.zeros(len(xy), dtype=np.bool_)
    if min(image.height, image.width) >= 3:
        field = _field(_grey(image))
        for first in range(0, len(xy), CHUNK):
            rows = slice(first, first + CHUNK)
            xy[rows], covariance[rows], refined[rows] = _refine(field, xy[rows], window / 2)
    return replace(keypoints, xy=xy, covariance=covariance, refined=refined)


def _refine(field: _Field, start: Floats, half: float) -> tuple[Floats, Floats, Rows]:
    low = np.maximum(start - half, -0.5)
    high = np.minimum(start + half, np.array(field.size[::-1]) - 0.5)
    radius = half + 1
    xy = np.clip(start, -0.5, np.array(field.size[::-1]) - 0.5)
    xy = np.clip(xy + _solve(field, _discs(field.size, xy, radius)), low, high)
    covariance = np.full((len(start), 2, 2), np.nan)
    good = np.zeros(len(start), dtype=np.bool_)
    moving = np.arange(len(start))
    for _ in range(ROUNDS):
        discs = _discs(field.size, xy[moving], radius)
        step, covariance[moving], distinct = _settle(field, discs, radius)
        end = xy[moving] + step
        rests = np.hypot(*step.T) <= REST
        within = ((low[moving] <= end) & (end <= high[moving])).all(axis=1)
        good[moving] = distinct & rests & within
        xy[moving] = np.clip(end, low[moving], high[moving])
        moving = moving[~rests]
    covariance[~good] = np.nan
    return np.where(good[:, None], xy, start), covariance, good


def _grey(image: Image) -> Floats:
    red, green, blue = image.pixels.detach().cpu().numpy()
    grey: Floats = LUMINANCE[0] * red + LUMINANCE[1] * green + LUMINANCE[2] * blue
    return grey


def _field(grey: Floats) -> _Field:
    gradient = np.zeros((2, *grey.shape))
    gradient[0, 1:-1, 1:-1] = _scharr(grey)
    gradient[1, 1:-1, 1:-1] = _scharr(grey.T).T
    x, y = gradient.astype(np.float32)
    xx, xy, yy = x * x, x * y, y * y
    box_xx, box_xy, box_yy = _box(xx), _box(xy), _box(yy)
    total, difference = box_xx + box_yy, box_xx - box_yy
    oriented = np.sqrt(difference * difference + 4 * box_xy * box_xy)
    seen = total > FAINT
    rank = int(NOISE_QUANTILE * np.count_nonzero(seen))
    disagreement = np.partition(np.where(seen, total - oriented, np.inf), rank, axis=None)[rank]
    noise = float(disagreement) / NOISE_DISAGREEMENT if seen.any() else 0.0
    weak = WEAK_GRADIENT**2 * GRADIENT_NOISE * noise + TINY
    coherence = oriented / np.maximum(total, TINY)
    weight = np.sqrt(np.sqrt(coherence) / (xx + yy + np.float32(weak)))
    weight[[0, -1]] = weight[:, [0, -1]] = 0
    return _Field(
        size=(grey.shape[0], grey.shape[1]),
        gradient=gradient.reshape(2, -1),
        weight=weight.reshape(-1),
        tensor=(np.stack([xx, xy, yy]) * weight).reshape(3, -1),
        noise=noise,
        weak=weak,
    )


def _scharr(grey: Floats) -> Floats:
    """Differentiate along x, inner pixels only."""
    across = grey[:, 2:] - grey[:, :-2]
    slope: Floats = SIDE * (across[:-2] + across[2:]) + MIDDLE * across[1:-1]
    return slope


def _scharr_transposed(along_x: Singles, along_y: Singles) -> Singles:
    """Give each pixel's share in a weighted sum of gradients, from the weights (k,k,n)."""
    k, _, n = along_x.shape
    rows = np.zeros((k + 2, k, n), dtype=np.float32)
    columns = np.zeros((k, k + 2, n), dtype=np.float32)
    shares = np.zeros((k + 2, k + 2, n), dtype=np.float32)
    rows[:-2] = side = SIDE * along_x
    rows[2:] += side
    rows[1:-1] += MIDDLE * along_x
    columns[:, :-2] = side = SIDE * along_y
    columns[:, 2:] += side
    columns[:, 1:-1] += MIDDLE * along_y
    shares[:, 2:] = rows
    shares[:, :-2] -= rows
    shares[2:] += columns
    shares[:-2] -= columns
    return shares


def _box(values: Singles) -> Singles:
    """Sum over 3x3 pixels, fewer at the border."""
    rows = values.copy()
    rows[1:] += values[:-1]
    rows[:-1] += values[1:]
    both = rows.copy()
    both[:, 1:] += rows[:, :-1]
    both[:, :-1] += rows[:, 1:]
    return both


def _discs(size: tuple[int, int], xy: Floats, radius: float) -> _Discs:
    reach = int(np.ceil(radius + 0.5)) - 1
    offsets = np.arange(-reach, reach + 1)[:, None]
    column, row = (np.rint(middle).astype(np.int64) + offsets for middle in xy.T)
    x, y = (column - xy[:, 0])[None], (row - xy[:, 1])[:, None]
    taper = (1 - (y / radius) ** 2).astype(np.float32) - ((x / radius) ** 2).astype(np.float32)
    # What lies outside the image is read from its outermost pixels, which have no vote.
    index = np.clip(row, 0, size[0] - 1)[:, None] * size[1] + np.clip(column, 0, size[1] - 1)
    return _Discs(index, x, y, np.maximum(taper, 0, out=taper))


def _solve(field: _Field, discs: _Discs) -> Floats:
    """Find the step (n,2) to the solution of A x = b."""
    tensor = field.tensor.take(discs.index, axis=1)
    along_x = discs.taper * discs.x.astype(np.float32)
    along_y = discs.taper * discs.y.astype(np.float32)
    xx, xy, yy = np.einsum("myxn,yxn->mn", tensor, discs.taper).astype(np.float64)
    x_xx, x_xy = np.einsum("myxn,yxn->mn", tensor[:2], along_x)
    y_xy, y_yy = np.einsum("myxn,yxn->mn", tensor[1:], along_y)
    return _times(_inverse(_matrices(xx, xy, xy, yy)), x_xx + y_xy, x_xy + y_yy)


def _settle(field: _Field, discs: _Discs, radius: float) -> tuple[Floats, Floats, Rows]:
    """Find the last step (n,2), the covariance (n,2,2) there, and whether A is fit to be solved."""
    weight = field.weight.take(discs.index)
    vote = weight * discs.taper
    gx, gy = field.gradient.take(discs.index, axis=1)
    miss = gx * discs.x + gy * discs.y
    pull = vote * miss
    bx, by = _sums(pull, gx), _sums(pull, gy)

    gx, gy, miss, pull = (values.astype(np.float32) for values in (gx, gy, miss, pull))
    x, y = discs.x.astype(np.float32), discs.y.astype(np.float32)
    vx, vy = vote * gx, vote * gy
    xx, xy, yy = _sums(vx, gx), _sums(vx, gy), _sums(vy, gy)
    drift = weight * miss * (discs.taper > 0) * np.float32(2 / radius**2)
    dx, dy = drift * gx, drift * gy
    moving = _matrices(_sums(dx, x), _sums(dx, y), _sums(dy, x), _sums(dy, y))
    inverse = _inverse(_matrices(xx, xy, xy, yy) - moving)

    px, py = pull * gx, pull * gy
    by_misfit = _gram(px, py)
    slide = miss / (gx * gx + gy * gy + np.float32(field.weak))
    ex, ey = x - slide * gx, y - slide * gy
    by_noise = _gram(
        _scharr_transposed(pull + vx * ex, vx * ey),
        _scharr_transposed(vy * ex, pull + vy * ey),
    )
    variance = field.noise * by_noise + MISFIT_SHARE * by_misfit

    trace, det = xx + yy, xx * yy - xy * xy
    smaller = trace / 2 - np.sqrt(np.maximum(trace**2 / 4 - det, 0))
    floor = GRADIENT_NOISE * field.noise * vote.sum(axis=(0, 1))
    return (
        _times(inverse, bx, by),
        inverse @ variance @ inverse.swapaxes(1, 2),
        (4 * det > MIN_ROUNDNESS * trace**2) & (smaller > MIN_SIZE * floor),
    )


def _sums(a: NDArray[np.floating], b: NDArray[np.floating]) -> Floats:
    sums: Floats = np.einsum("yxn,yxn->n", a, b).astype(np.float64)
    return sums


def _gram(a: Singles, b: Singles) -> Floats:
    crossed = _sums(a, b)
    return _matrices(_sums(a, a), crossed, crossed, _sums(b, b))


def _matrices(xx: Floats, xy: Floats, yx: Floats, yy: Floats) -> Floats:
    return np.stack([xx, xy, yx, yy], axis=1).reshape(-1, 2, 2)


def _times(matrices: Floats, x: Floats, y: Floats) -> Floats:
    return matrices[:, :, 0] * x[:, None] + matrices[:, :, 1] * y[:, None]


def _inverse(matrices: Floats) -> Floats:
    """Invert (n,2,2); zero where singular."""
    (a, b), (c, d) = matrices.transpose(1, 2, 0)
    det = a * d - b * c
    return _matrices(d, -b, -c, a) / np.where(det == 0, np.inf, det)[:, None, None]

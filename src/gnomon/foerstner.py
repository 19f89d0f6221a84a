"""Förstner's corner point: where the edges of a small window meet, to a fraction of a pixel.

docs/refinement.md derives weights, covariance and constants, and says what was measured.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gnomon.errors import SettingError
from gnomon.types import Floats, Image, Keypoints

Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]

LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
HALF, SIDE, MIDDLE = np.float32(1 / 2), np.float32(3 / 16), np.float32(10 / 16)
GRADIENT_NOISE = float(2 * HALF**2 * (2 * SIDE**2 + MIDDLE**2))
FAINT = 1e-7
NOISE_QUANTILE, NOISE_DISAGREEMENT = 0.1, 0.897
WEAK_GRADIENT = 4.0
MISFIT_SHARE = 0.0225
ROUNDS, REST = 4, 0.25
MIN_ROUNDNESS = 0.1
MIN_SIZE = 2.0
CHUNK = 512
TINY = 1e-30


@dataclass(frozen=True, slots=True)
class _Field:
    """What each pixel of an image (height, width) votes for; the outermost pixels have no vote.

    ``gradient`` (2,HW); ``weight`` (HW); ``tensor`` (3,HW) weight times xx, xy, yy of the gradient;
    ``smooth`` (2,HW) weight times gradient, smoothed; ``noise`` variance of the grey values.
    """

    size: tuple[int, int]
    gradient: Floats
    weight: Singles
    tensor: Floats
    smooth: Singles
    noise: float


@dataclass(frozen=True, slots=True)
class _Discs:
    """The pixels around n points: flat ``index`` and ``taper`` (k,k,n), offsets ``x`` and ``y``."""

    index: NDArray[np.int64]
    x: Floats
    y: Floats
    taper: Floats


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


def _refine(field: _Field, start: Floats, half: float) -> tuple[Floats, Floats, Flags]:
    far = np.array(field.size[::-1]) - 0.5
    low, high = np.maximum(start - half, -0.5), np.minimum(start + half, far)
    radius = half + 1
    xy = np.clip(start, -0.5, far)
    xy += _solve(field, _discs(field.size, xy, radius))
    covariance = np.full((len(start), 2, 2), np.nan)
    good = np.zeros(len(start), dtype=np.bool_)
    moving = np.arange(len(start))
    for _ in range(ROUNDS):
        xy = np.clip(xy, low, high)
        discs = _discs(field.size, xy[moving], radius)
        step, covariance[moving], distinct = _settle(field, discs, radius)
        xy[moving] += step
        rests = np.hypot(*step.T) <= REST
        good[moving] = distinct & rests
        moving = moving[~rests]
        if not moving.size:
            break
    good &= ((low <= xy) & (xy <= high)).all(axis=1)
    covariance[~good] = np.nan
    return np.where(good[:, None], xy, start), covariance, good


def _grey(image: Image) -> Singles:
    red, green, blue = image.pixels.detach().cpu().numpy()
    grey: Singles = LUMINANCE[0] * red + LUMINANCE[1] * green + LUMINANCE[2] * blue
    return grey


def _field(grey: Singles) -> _Field:
    size = (grey.shape[0], grey.shape[1])
    gx, gy, weight = np.zeros((3, *size), dtype=np.float32)
    inner = (slice(1, -1), slice(1, -1))
    gx[inner], gy[inner] = _scharr(grey), _scharr(grey.T).T
    xx, xy, yy = gx * gx, gx * gy, gy * gy
    box_xx, box_xy, box_yy = _box(xx), _box(xy), _box(yy)
    total, difference = box_xx + box_yy, box_xx - box_yy
    oriented = np.sqrt(difference * difference + 4 * box_xy * box_xy)
    seen = total > FAINT
    noise = _noise((total - oriented)[seen])
    strength = (xx + yy)[inner] + np.float32(_weak(noise))
    weight[inner] = seen * np.sqrt(np.sqrt(oriented / np.maximum(total, TINY)) / strength)
    return _Field(
        size=size,
        gradient=np.stack([gx, gy]).astype(np.float64).reshape(2, -1),
        weight=weight.reshape(-1),
        tensor=(np.stack([xx, xy, yy]) * weight).astype(np.float64).reshape(3, -1),
        smooth=np.stack([_smooth(gx * weight), _smooth(gy * weight)]).reshape(2, -1),
        noise=noise,
    )


def _noise(disagreement: Singles) -> float:
    if not disagreement.size:
        return 0.0
    rank = int(NOISE_QUANTILE * disagreement.size)
    return max(float(np.partition(disagreement, rank)[rank]), 0.0) / NOISE_DISAGREEMENT


def _weak(noise: float) -> float:
    """Square the gradient that counts as weak."""
    return WEAK_GRADIENT**2 * GRADIENT_NOISE * noise + TINY


# Sums over neighbours add opposite ones first, so that a turned image gives the same bits.


def _scharr(grey: Singles) -> Singles:
    """Differentiate along x, inner pixels only."""
    across = HALF * (grey[:, 2:] - grey[:, :-2])
    slope: Singles = SIDE * (across[:-2] + across[2:]) + MIDDLE * across[1:-1]
    return slope


def _box(values: Singles) -> Singles:
    """Sum over 3x3 pixels, inner pixels only."""
    sums: Singles = values[:-2, 1:-1] + values[2:, 1:-1]
    sums += values[1:-1, :-2] + values[1:-1, 2:]
    corners = values[:-2, :-2] + values[2:, 2:]
    corners += values[:-2, 2:] + values[2:, :-2]
    sums += corners
    sums += values[1:-1, 1:-1]
    return sums


def _smooth(values: Singles) -> Singles:
    """Smooth along both axes as Scharr's operator does along one."""
    side, rows = SIDE * values, MIDDLE * values
    rows[1:] += side[:-1]
    rows[:-1] += side[1:]
    side, both = SIDE * rows, MIDDLE * rows
    both[:, 1:] += side[:, :-1]
    both[:, :-1] += side[:, 1:]
    return both


def _discs(size: tuple[int, int], xy: Floats, radius: float) -> _Discs:
    offsets = np.arange(-int(radius), int(radius) + 1)[:, None]
    column, row = (np.rint(middle).astype(np.int64) + offsets for middle in xy.T)
    x, y = (column - xy[:, 0])[None], (row - xy[:, 1])[:, None]
    taper = 1 - (y / radius) ** 2 - (x / radius) ** 2
    # What lies outside the image is read from its outermost pixels, which have no vote.
    index = np.clip(row, 0, size[0] - 1)[:, None] * size[1] + np.clip(column, 0, size[1] - 1)
    return _Discs(index, x, y, np.maximum(taper, 0, out=taper))


def _solve(field: _Field, discs: _Discs) -> Floats:
    """Find the step (n,2) to the solution of A x = b."""
    tensor = field.tensor.take(discs.index, axis=1)
    along_x, along_y = discs.taper * discs.x, discs.taper * discs.y
    xx, xy, yy = np.einsum("myxn,yxn->mn", tensor, discs.taper)
    x_xx, x_xy = np.einsum("myxn,yxn->mn", tensor[:2], along_x)
    y_xy, y_yy = np.einsum("myxn,yxn->mn", tensor[1:], along_y)
    inverse, _ = _inverse(_matrices(xx, xy, xy, yy))
    return _times(inverse, x_xx + y_xy, x_xy + y_yy)


def _settle(field: _Field, discs: _Discs, radius: float) -> tuple[Floats, Floats, Flags]:
    """Find the last step (n,2), the covariance (n,2,2), and whether the point is distinct."""
    weight = field.weight.take(discs.index)
    weight *= discs.taper > 0
    gx, gy = field.gradient.take(discs.index, axis=1)
    miss = gx * discs.x + gy * discs.y
    pull = weight * discs.taper * miss
    single = (values.astype(np.float32) for values in (gx, gy, miss))
    inverse, covariance, distinct = _spread(field, discs, radius, weight, *single)
    return _times(inverse, _sums(pull, gx), _sums(pull, gy)), covariance, distinct


def _spread(
    field: _Field,
    discs: _Discs,
    radius: float,
    weight: Singles,
    gx: Singles,
    gy: Singles,
    miss: Singles,
) -> tuple[Floats, Floats, Flags]:
    """Find the inverse of the derivative of A x - b, the covariance, and what is distinct."""
    x, y, taper = (values.astype(np.float32) for values in (discs.x, discs.y, discs.taper))
    vote, drift = weight * taper, weight * miss
    vx, vy, dx, dy = vote * gx, vote * gy, drift * gx, drift * gy
    xx, xy, yy = _sums(vx, gx), _sums(vx, gy), _sums(vy, gy)
    moving = _matrices(_sums(dx, x), _sums(dx, y), _sums(dy, x), _sums(dy, y))
    inverse, det = _inverse(_matrices(xx, xy, xy, yy) - moving * (2 / radius**2))

    swing = (4 * taper - 2) * (taper > 0)
    sx, sy = field.smooth.take(discs.index, axis=1)
    by_noise = _gram(swing * sx, swing * sy)
    by_misfit = _gram(vx * miss, vy * miss)
    variance = field.noise * by_noise + MISFIT_SHARE * by_misfit

    trace = xx + yy
    smaller = trace / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy * xy)
    floor = GRADIENT_NOISE * field.noise * vote.sum(axis=(0, 1))
    return (
        inverse,
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


def _inverse(matrices: Floats) -> tuple[Floats, Floats]:
    """Invert (n,2,2), zero where singular; give the determinants too."""
    (a, b), (c, d) = matrices.transpose(1, 2, 0)
    det = a * d - b * c
    return _matrices(d, -b, -c, a) / np.where(det == 0, np.inf, det)[:, None, None], det

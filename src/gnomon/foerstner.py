"""Förstner's corner point: where the edges of a small window meet, to a fraction of a pixel.

docs/refinement.md derives weights, covariance and constants, and says what was measured.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
CHUNK = 2048
TINY = 1e-30


@dataclass(frozen=True, slots=True)
class _Field:
    """What each pixel of an image (height, width) votes for; the outermost pixels have no vote.

    ``votes`` (HW,4): weight w, and w times xx, xy, yy of the gradient. ``smooth`` (HW,2): w times
    the gradient, smoothed. ``noise``: variance of the grey values.
    """

    size: tuple[int, int]
    votes: Tensor
    smooth: Tensor
    noise: float


@dataclass(frozen=True, slots=True)
class _Discs:
    """The k x k pixels about n points: flat ``index`` (n,kk), offsets ``x`` (n,1,k), ``y`` (n,k,1).

    ``taper`` (n,k,k) falls from 1 at the point to 0 at the rim.
    """

    index: Tensor
    x: Tensor
    y: Tensor
    taper: Tensor


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
    good = np.zeros(len(start), dtype=np.bool_)
    moving = np.arange(len(start))
    for _ in range(ROUNDS):
        xy = np.clip(xy, low, high)
        step, distinct = _step(field, _discs(field.size, xy[moving], radius), radius)
        xy[moving] += step
        rests = np.hypot(*step.T) <= REST
        good[moving] = distinct & rests
        moving = moving[~rests]
        if not moving.size:
            break
    good &= ((low <= xy) & (xy <= high)).all(axis=1)
    covariance = np.full((len(start), 2, 2), np.nan)
    covariance[good] = _covariance(field, _discs(field.size, xy[good], radius), radius)
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
    votes = np.empty((*size, 4))
    votes[..., 0] = weight
    for channel, product in enumerate((xx, xy, yy), start=1):
        np.multiply(product, weight, out=votes[..., channel])
    smooth = np.stack([_smooth(gx * weight), _smooth(gy * weight)], axis=-1)
    return _Field(
        size,
        torch.from_numpy(votes).view(-1, 4),
        torch.from_numpy(smooth).double().view(-1, 2),
        noise,
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
    offsets = np.arange(-int(radius), int(radius) + 1)
    column, row = (np.rint(middle).astype(np.int64)[:, None] + offsets for middle in xy.T)
    x = torch.from_numpy(column - xy[:, :1])[:, None, :]
    y = torch.from_numpy(row - xy[:, 1:])[:, :, None]
    taper = ((1 - (y / radius) ** 2) - (x / radius) ** 2).clamp_(min=0)
    # What lies outside the image is read from its outermost pixels, which have no vote.
    rows = torch.from_numpy(np.clip(row, 0, size[0] - 1) * size[1])
    columns = torch.from_numpy(np.clip(column, 0, size[1] - 1))
    index = (rows[:, :, None] + columns[:, None, :]).flatten(1)
    return _Discs(index, x, y, taper)


def _totals(values: Tensor, *factors: Tensor) -> tuple[Tensor, ...]:
    """Sum, over a disc's pixels, values (n,kk,c) times each of the factors (n,k,k): (c,n)."""
    return torch.bmm(torch.stack(factors, dim=1).flatten(2), values).permute(1, 2, 0).unbind()


def _solve(field: _Field, discs: _Discs) -> Floats:
    """Find the step (n,2) to the solution of A x = b."""
    taper = discs.taper
    (_, xx, xy, yy), along_x, along_y = _totals(
        field.votes[discs.index], taper, taper * discs.x, taper * discs.y
    )
    inverse, _ = _inverse(xx, xy, xy, yy)
    return _times(inverse, along_x[1] + along_y[2], along_x[2] + along_y[3]).numpy()


def _step(field: _Field, discs: _Discs, radius: float) -> tuple[Floats, Flags]:
    """Find Newton's step (n,2) to where A x = b rests, and whether the point is distinct."""
    (votes, xx, xy, yy), x, y, derivative = _system(field.votes[discs.index], discs, radius)
    inverse, det = _inverse(*derivative)
    trace = xx + yy
    smaller = trace / 2 - ((xx - yy) ** 2 / 4 + xy * xy).sqrt()
    floor = GRADIENT_NOISE * field.noise * votes
    distinct = (4 * det > MIN_ROUNDNESS * trace**2) & (smaller > MIN_SIZE * floor)
    return _times(inverse, x, y).numpy(), distinct.numpy()


def _system(
    votes: Tensor, discs: _Discs, radius: float
) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Give sum of votes with A, b about the discs' middles, and the derivative of A x - b."""
    taper, x, y = discs.taper, discs.x, discs.y
    inside = (taper > 0).double()
    inside_x, inside_y = inside * x, inside * y
    still, along_x, along_y, x_x, x_y, y_y = _totals(
        votes, taper, taper * x, taper * y, inside_x * x, inside_x * y, inside_y * y
    )
    _, xx, xy, yy = still
    # The taper moves with the point; what it then weighs anew is the lines' distances.
    pull = 2 / radius**2
    derivative = (
        xx - pull * (x_x[1] + x_y[2]),
        xy - pull * (x_y[1] + y_y[2]),
        xy - pull * (x_x[2] + x_y[3]),
        yy - pull * (x_y[2] + y_y[3]),
    )
    return still, along_x[1] + along_y[2], along_x[2] + along_y[3], derivative


def _covariance(field: _Field, discs: _Discs, radius: float) -> Floats:
    """Find the covariance (n,2,2) of points at rest."""
    taper, x, y = discs.taper, discs.x, discs.y
    votes = field.votes[discs.index]
    *_, derivative = _system(votes, discs, radius)
    inverse, _ = _inverse(*derivative)

    swing = (4 * taper - 2) * (taper > 0)
    along_x, along_y = field.smooth[discs.index].unbind(dim=-1)
    products = torch.stack([along_x**2, along_x * along_y, along_y**2], dim=-1)
    (noise,) = _totals(products, swing * swing)

    squared = taper * taper
    w_xx, w_xy, w_yy = votes[..., 1:].unbind(dim=-1)
    x_x, x_y, y_y = _totals(
        torch.stack([w_xx**2, w_xx * w_xy, w_xx * w_yy, w_xy * w_yy, w_yy**2], dim=-1),
        squared * x * x,
        2 * squared * x * y,
        squared * y * y,
    )
    # Channels: gx^4, gx^3 gy, gx^2 gy^2, gx gy^3, gy^4, all times w^2.
    misfit = [x_x[i] + x_y[i + 1] + y_y[i + 2] for i in range(3)]
    xx, xy, yy = (
        field.noise * by_noise + MISFIT_SHARE * by_misfit
        for by_noise, by_misfit in zip(noise, misfit, strict=True)
    )
    variance = torch.stack([xx, xy, xy, yy], dim=1).view(-1, 2, 2)
    return (inverse @ variance @ inverse.mT).numpy()


def _times(matrices: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return matrices[:, :, 0] * x[:, None] + matrices[:, :, 1] * y[:, None]


def _inverse(xx: Tensor, xy: Tensor, yx: Tensor, yy: Tensor) -> tuple[Tensor, Tensor]:
    """Invert n matrices to (n,2,2), zero where singular; give the determinants too."""
    det = xx * yy - xy * yx
    adjugate = torch.stack([yy, -xy, -yx, xx], dim=1).view(-1, 2, 2)
    return adjugate / det.where(det != 0, torch.inf)[:, None, None], det

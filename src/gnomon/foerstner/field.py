"""What each pixel of the grey image votes for, and how much its vote weighs.

docs/refinement.md derives weights and constants.
"""

from dataclasses import dataclass

import numpy as np

from gnomon.foerstner.gradients import HALF, MIDDLE, SIDE, Singles, gradients

GRADIENT_NOISE = float(2 * HALF**2 * (2 * SIDE**2 + MIDDLE**2))
FAINT = 1e-7
NOISE_QUANTILE, NOISE_DISAGREEMENT = 0.1, 0.897
WEAK_GRADIENT = 4.0
TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Field:
    """What each pixel of an image votes for.

    ``votes`` (4,H,W): weight w, and w times xx, xy, yy of the gradient. ``pulls`` (2,H,W): w times
    the gradient, smoothed as gradients are. The image's outermost pixels have no vote. ``noise``:
    variance of the grey values.
    """

    votes: Singles
    pulls: Singles
    noise: float


def field_of(grey: Singles) -> Field:
    """Weigh the votes of an image (H,W)."""
    gx, gy = gradients(grey)
    weight = np.zeros_like(grey)
    inner = (slice(1, -1), slice(1, -1))
    xx, xy, yy = gx * gx, gx * gy, gy * gy
    box_xx, box_xy, box_yy = _box(xx), _box(xy), _box(yy)
    total, difference = box_xx + box_yy, box_xx - box_yy
    oriented = np.sqrt(difference * difference + 4 * box_xy * box_xy)
    seen = total > FAINT
    noise = _noise((total - oriented)[seen])
    strength = (xx + yy)[inner] + np.float32(_weak(noise))
    weight[inner] = seen * np.sqrt(np.sqrt(oriented / np.maximum(total, TINY)) / strength)
    votes = np.stack([weight, weight * xx, weight * xy, weight * yy])
    return Field(votes, np.stack([_smooth(weight * gx), _smooth(weight * gy)]), noise)


def _noise(disagreement: Singles) -> float:
    if not disagreement.size:
        return 0.0
    rank = int(NOISE_QUANTILE * disagreement.size)
    return max(float(np.partition(disagreement, rank)[rank]), 0.0) / NOISE_DISAGREEMENT


def _weak(noise: float) -> float:
    """Square the gradient that counts as weak."""
    return WEAK_GRADIENT**2 * GRADIENT_NOISE * noise + TINY


def _box(values: Singles) -> Singles:
    """Sum over 3x3 pixels, inner pixels only.

    Opposite neighbours are added first, so that a mirrored image gives the same bits.
    """
    rows = (values[:-2] + values[2:]) + values[1:-1]
    sums: Singles = (rows[:, :-2] + rows[:, 2:]) + rows[:, 1:-1]
    return sums


def _smooth(values: Singles) -> Singles:
    """Smooth (H,W) along both axes as Scharr's operator does along one; nothing lies outside.

    Opposite neighbours are added first, so that a mirrored image gives the same bits.
    """
    around = np.pad(values, 1)
    rows: Singles = SIDE * (around[:-2] + around[2:]) + MIDDLE * around[1:-1]
    both: Singles = SIDE * (rows[:, :-2] + rows[:, 2:]) + MIDDLE * rows[:, 1:-1]
    return both

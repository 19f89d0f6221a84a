"""What each pixel of the grey image votes for, and how much its vote weighs.

docs/refinement.md derives weights and constants.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gnomon.foerstner.gradients import HALF, MIDDLE, SIDE, Singles, gradients

GRADIENT_NOISE = float(2 * HALF**2 * (2 * SIDE**2 + MIDDLE**2))
FAINT = 1e-7
NOISE_QUANTILE, NOISE_DISAGREEMENT = 0.1, 0.897
WEAK_GRADIENT = 4.0
TENSOR = slice(1, 4)
TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Field:
    """What each pixel of an image of ``size`` (height, width) votes for.

    ``votes`` (4,H,W): weight w, and, as TENSOR, w times xx, xy, yy of the gradient. ``pulls``
    (2,H,W): w times the gradient. Both reach ``margin`` pixels out of the image on each side;
    neither these nor the image's outermost pixels have a vote. ``noise``: variance of the grey
    values.
    """

    size: tuple[int, int]
    margin: int
    votes: Singles
    pulls: Singles
    noise: float


def field_of(grey: Singles, margin: int = 0) -> Field:
    """Weigh the votes of an image (H,W)."""
    size = (grey.shape[0], grey.shape[1])
    gx, gy = gradients(grey)
    weight = np.zeros(size, dtype=np.float32)
    inner = (slice(1, -1), slice(1, -1))
    xx, xy, yy = gx * gx, gx * gy, gy * gy
    box_xx, box_xy, box_yy = _box(xx), _box(xy), _box(yy)
    total, difference = box_xx + box_yy, box_xx - box_yy
    oriented = np.sqrt(difference * difference + 4 * box_xy * box_xy)
    seen = total > FAINT
    noise = _noise((total - oriented)[seen])
    strength = (xx + yy)[inner] + np.float32(_weak(noise))
    weight[inner] = seen * np.sqrt(np.sqrt(oriented / np.maximum(total, TINY)) / strength)
    votes = _weighted(weight, [1, xx, xy, yy], margin)
    return Field(size, margin, votes, _weighted(weight, [gx, gy], margin), noise)


def _weighted(weight: Singles, maps: Sequence[Singles | int], margin: int) -> Singles:
    """Weight each of the maps and stack them, with a margin of zeros."""
    height, width = weight.shape
    stack = np.zeros((len(maps), height + 2 * margin, width + 2 * margin), dtype=np.float32)
    for values, weighted in zip(maps, stack, strict=True):
        inside = weighted[margin : margin + height, margin : margin + width]
        np.multiply(weight, values, out=inside)
    return stack


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

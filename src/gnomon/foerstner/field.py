"""How much the vote of each pixel of the gray image weighs.

docs/refinement.md derives weights and constants.
"""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from gnomon.foerstner.compiled import compiled
from gnomon.foerstner.gradients import HALF, MIDDLE, SIDE, SMOOTHING, gradients
from gnomon.types import Singles

GRADIENT_NOISE = float(2 * HALF**2 * (2 * SIDE**2 + MIDDLE**2))
FAINT = np.float32(1e-7)
NOISE_QUANTILE, NOISE_DISAGREEMENT = 0.1, 0.897
WEAK_GRADIENT = 4.0
TINY = np.float32(1e-30)
NOTHING, FOUR = np.float32(0), np.float32(4)


class Field(NamedTuple):
    """Each pixel's gradient (2,H,W) and ``weight`` (H,W); the outermost pixels have none.

    ``noise`` is the variance of the gray values, ``smoothing`` (3,3) how gradients are smoothed.
    """

    gradient: Singles
    weight: Singles
    noise: float
    smoothing: Singles = SMOOTHING


def field_of(gray: Singles) -> Field:
    """Weigh the votes of an image (H,W)."""
    gradient = gradients(gray)
    weight = np.zeros_like(gray)
    disagreement, seen = _edge_shares(gradient, weight)
    noise = _noise(disagreement, seen)
    weak = np.float32(WEAK_GRADIENT**2 * GRADIENT_NOISE * noise + TINY)
    _weigh(gradient, weak, weight)
    return Field(gradient, weight, noise)


@compiled
def _edge_shares(gradient: Singles, share: Singles) -> tuple[Singles, int]:
    """Write how much of the gradients around each inner pixel belongs to one edge, 0 to 1.

    Give what does not, infinite where the gradients are too faint, and where not, in how many.
    Opposite neighbors are added first, so that a mirrored image gives the same bits.
    """
    _, height, width = gradient.shape
    xx, xy, yy = np.empty((3, width), np.float32)
    disagreement = np.empty((height - 2) * (width - 2), np.float32)
    (seen, at) = (0, 0)
    for row in range(1, height - 1):
        for column in range(width):
            x_0, y_0 = gradient[0, row - 1, column], gradient[1, row - 1, column]
            x_1, y_1 = gradient[0, row, column], gradient[1, row, column]
            x_2, y_2 = gradient[0, row + 1, column], gradient[1, row + 1, column]
            xx[column] = (x_0 * x_0 + x_2 * x_2) + x_1 * x_1
            xy[column] = (x_0 * y_0 + x_2 * y_2) + x_1 * y_1
            yy[column] = (y_0 * y_0 + y_2 * y_2) + y_1 * y_1
        for column in range(1, width - 1):
            a_xx = (xx[column - 1] + xx[column + 1]) + xx[column]
            a_xy = (xy[column - 1] + xy[column + 1]) + xy[column]
            a_yy = (yy[column - 1] + yy[column + 1]) + yy[column]
            total, difference = a_xx + a_yy, a_xx - a_yy
            oriented = sqrt(difference * difference + FOUR * a_xy * a_xy)
            is_seen = total > FAINT
            share[row, column] = oriented / max(total, TINY) if is_seen else NOTHING
            disagreement[at + column - 1] = total - oriented if is_seen else inf
            seen += is_seen
        at += width - 2
    return disagreement, seen


def _noise(disagreement: Singles, seen: int) -> float:
    """Estimate the variance of the gray values from a low quantile of what is seen."""
    if not seen:
        return 0.0
    rank = int(NOISE_QUANTILE * seen)
    disagreement.partition(rank)
    return max(float(disagreement[rank]), 0.0) / NOISE_DISAGREEMENT


@compiled
def _weigh(gradient: Singles, weak: np.float32, weight: Singles) -> None:
    """Turn the share of an edge into a weight, smaller where the squared gradient is ``weak``."""
    _, height, width = gradient.shape
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            x, y = gradient[0, row, column], gradient[1, row, column]
            weight[row, column] = sqrt(sqrt(weight[row, column]) / (x * x + y * y + weak))

"""The paper's sums: every pixel of a small square counts alike, and A x = b is solved once."""

import numpy as np

from gnomon.foerstner.gradients import MIN_ROUNDNESS, Flags, gradients
from gnomon.types import Floats, Singles


def by_plain_sums(gray: Singles, start: Floats, half: float) -> tuple[Floats, Floats, Flags]:
    """Solve once, over the pixels at most ``half`` away from each point along either axis.

    The covariance is σ²A⁻¹, σ² the mean square by which the edges miss the solution. A point stays
    where 4 det A / tr² A is at most 0.1, or where the solution is not within ``half`` of it or
    outside of the image.
    """
    slopes, offsets, counts = _around(gradients(gray), start, half)
    a = np.einsum("ink,jnk->nij", slopes, slopes)
    b = np.einsum("ink,jnk,jnk->ni", slopes, slopes, offsets)
    round_enough = 4 * np.linalg.det(a) > MIN_ROUNDNESS * a.trace(axis1=1, axis2=2) ** 2
    a[~round_enough] = np.eye(2)
    inverse = np.linalg.inv(a)
    step = np.einsum("nij,nj->ni", inverse, b)
    place = start + step
    far = np.array(gray.shape[::-1]) - 0.5
    inside = (np.abs(step) <= half) & (place >= -0.5) & (place <= far)
    refined: Flags = round_enough & inside.all(axis=1)
    misses = (slopes * (offsets - step.T[:, :, None])).sum(axis=0)
    variance = (misses**2).sum(axis=1) / np.maximum(counts - 2, 1)
    covariance = np.where(refined[:, None, None], variance[:, None, None] * inverse, np.nan)
    return np.where(refined[:, None], place, start), covariance, refined


def _around(slopes: Singles, xy: Floats, half: float) -> tuple[Floats, Floats, Floats]:
    """Return the slopes (2,n,k) of the pixels about each point, and their offsets (2,n,k) from it.

    Slopes are zero beyond ``half`` and outside of the image; the third is how many are left (n).
    """
    reach = int(half) + 1
    steps = np.arange(-reach, reach + 1)
    (columns, rows), inner = np.rint(xy).T[:, :, None] + steps, np.array(slopes.shape[:0:-1]) - 2
    x, y = columns - xy[:, :1], rows - xy[:, 1:]
    across = (np.abs(x) <= half) & (columns >= 1) & (columns <= inner[0])
    down = (np.abs(y) <= half) & (rows >= 1) & (rows <= inner[1])
    counted = down[:, :, None] & across[:, None, :]
    (columns, rows) = (
        places.clip(1, last).astype(np.int64)
        for places, last in zip((columns, rows), inner, strict=True)
    )
    values = slopes[:, rows[:, :, None], columns[:, None, :]] * counted.astype(np.float64)
    offsets = np.stack(np.broadcast_arrays(x[:, None, :], y[:, :, None]))
    flat = (2, len(xy), len(steps) ** 2)
    return values.reshape(flat), offsets.reshape(flat), counted.sum(axis=(1, 2)).astype(np.float64)

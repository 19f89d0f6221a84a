"""The image's own structure: where a place can be found again, whatever the class."""

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter

from gnomon.types import Floats, Singles

DERIVATIVE, SUMS = 1.0, 2.0
"""Standard deviations in pixels of the derivatives, and of the sums over their products."""
BORDER = 4
"""Nearer to the border, in pixels, the mirrored image beyond it makes structure of its own."""
REACH = 3.0


def structure(gray: Singles) -> Singles:
    """Compute the smaller eigenvalue of the structure tensor at each pixel of (h,w).

    It is large where gray values change along two directions: corners, blobs, ends of lines (Shi
    and Tomasi 1994). Derivatives by a Gaussian of 1 px, sums by one of 2 px.
    """
    x = gaussian_filter(gray, DERIVATIVE, order=(0, 1), mode="reflect", truncate=REACH)
    y = gaussian_filter(gray, DERIVATIVE, order=(1, 0), mode="reflect", truncate=REACH)
    xx, xy, yy = (
        gaussian_filter(product, SUMS, mode="reflect", truncate=REACH)
        for product in (x * x, x * y, y * y)
    )
    smaller: Singles = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
    return np.maximum(smaller, 0)


def structure_peaks(strength: Singles) -> tuple[Floats, Floats]:
    """Find the peaks of (h,w): places (N,2) between pixels, and the strength (N,) at each.

    A peak is a pixel above 0 that no neighbor exceeds, ``BORDER`` pixels or more from the border;
    its place is the vertex of the parabolas through its neighbors, at most half a pixel away.
    """
    is_peak = (strength == maximum_filter(strength, 3)) & (strength > 0)
    inner = np.zeros_like(is_peak)
    inner[BORDER : -BORDER or None, BORDER : -BORDER or None] = True
    rows, columns = np.nonzero(is_peak & inner)
    here = strength[rows, columns].astype(np.float64)
    xy = np.stack([columns, rows], axis=1).astype(np.float64)
    for axis, (down, across) in enumerate(((0, 1), (1, 0))):
        before = strength[rows - down, columns - across].astype(np.float64)
        after = strength[rows + down, columns + across].astype(np.float64)
        bend = 2 * here - before - after
        step = np.divide((after - before) / 2, bend, out=np.zeros_like(bend), where=bend > 0)
        xy[:, axis] += step.clip(-0.5, 0.5)
    return xy, here

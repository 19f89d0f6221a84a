"""The strongest points that keep apart, so that every proposer can give as many as it is asked."""

import numpy as np

from gnomon.types import Floats

APART = 8.0
"""Least distance between two proposed points in model pixels, as ``Settings.radius``."""


def strongest_apart(xy: Floats, count: int) -> Floats:
    """Keep the first of points (N,2), best first, drop all nearer than ``APART``, and so on."""
    kept: list[Floats] = []
    while len(xy) and len(kept) < count:
        kept.append(xy[0])
        xy = xy[np.hypot(*(xy - xy[0]).T) >= APART]
    return np.array(kept, dtype=np.float64).reshape(-1, 2)


def strongest_pixels(values: Floats, count: int) -> Floats:
    """Find the places (N,2) of a map's (H,W) highest values that keep apart, best first."""
    order = np.argsort(-values, axis=None, kind="stable")
    rows, columns = np.unravel_index(order, values.shape)
    return strongest_apart(np.stack([columns, rows], axis=1).astype(np.float64), count)

"""Positions along one axis grouped into few classes, each with one region size a layer."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gnomon.occlusion.incremental.regions import Ints

MOST_CLASSES = 8
Floats = NDArray[np.float64]


def choose_classes(sizes: Ints, costs: Floats, windows: Ints, overhead: float) -> list[Ints]:
    """Cut the positions of one axis into neighboring classes with the least planned work.

    ``sizes`` (positions, layers) says how long a position's region is, ``costs`` what one row of
    the layer's map costs (its mean extent along the other axis included), ``windows`` how many
    windows have each position, ``overhead`` the work that one more class brings. A class works with
    its members' largest size on each layer. Returns the member indices of each class.

    The cheapest partition comes from dynamic programming over the last cut: exact, in O(m^2) steps
    over vectors of one value a layer, for m positions.
    """
    sizes = sizes.astype(np.float64)
    count = len(sizes)
    totals = np.concatenate([[0.0], np.cumsum(windows)])
    work = np.full((count, count + 1), np.inf)
    for start in range(count):
        largest = np.maximum.accumulate(sizes[start:], axis=0)
        work[start, start + 1 :] = (largest @ costs) * (totals[start + 1 :] - totals[start])
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    cuts: list[Ints] = []
    answer: tuple[float, list[int]] = (np.inf, [])
    for classes in range(1, min(MOST_CLASSES, count) + 1):
        through = best[:count, None] + work
        cuts.append(through.argmin(axis=0))
        best = through.min(axis=0)
        planned = best[count] + classes * overhead
        if planned < answer[0]:
            answer = (planned, _bounds(cuts, count))
    bounds = answer[1]
    return [np.arange(a, b) for a, b in pairwise(bounds)]


def _bounds(cuts: list[Ints], count: int) -> list[int]:
    bounds = [count]
    for choice in reversed(cuts):
        bounds.append(int(choice[bounds[-1]]))
    return bounds[::-1]

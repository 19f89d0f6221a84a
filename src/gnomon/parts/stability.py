"""How many parts: as many as two halves of the data agree on."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gnomon.parts.learn import Points, learn, posed
from gnomon.types import Floats

COUNTS = (6, 8, 10, 12, 16, 20, 24)
SPLITS = 2
MOST_IMAGES = 800
NEAR_BEST = 0.15
"""Of the counts whose agreement is this near to the best one's, the largest is taken."""
POINTS_A_PART = 30


def agreement(points: Points, count: int, seed: int = 0) -> float:
    """Learn from two halves of the images and say how alike both label all points.

    Adjusted mutual information: 0 by chance, 1 where both say the same.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    one, other = halves_labels(points, count, seed)
    return float(adjusted_mutual_info_score(one, other))


def halves_labels(
    points: Points, count: int, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Label all known points (N,) by the parts learnt from either half of the images."""
    order = np.random.default_rng(seed).permutation(len(points))
    labels = []
    for half in np.array_split(order, 2):
        layout = learn(points.take(np.sort(half)), count, seed)
        match, _ = posed(layout, points)
        labels.append(layout.shares(match).argmax(axis=2)[points.known])
    return labels[0], labels[1]


def jaccard(one: NDArray[np.int64], other: NDArray[np.int64], count: int) -> Floats:
    """Match two labellings' (N,) parts one to one; the Jaccard index of each pair's members."""
    together = np.zeros((count, count))
    np.add.at(together, (one, other), 1)
    union = together.sum(axis=1)[:, None] + together.sum(axis=0)[None] - together
    shared = together / np.maximum(union, 1)
    rows, columns = linear_sum_assignment(-shared)
    indices: Floats = shared[rows, columns]
    return indices


def choose_count(
    points: Points, seed: int = 0, tried: Callable[[int, float], None] = lambda count, agreed: None
) -> int:
    """Choose the number of parts; ``tried`` hears of each count and its agreement."""
    if len(points) > MOST_IMAGES:
        chosen = np.random.default_rng(seed).choice(len(points), MOST_IMAGES, replace=False)
        points = points.take(np.sort(chosen))
    room = int(points.known.sum()) // (2 * POINTS_A_PART)
    found: dict[int, float] = {}
    for count in [one for one in COUNTS if one <= room]:
        runs = [agreement(points, count, seed + split) for split in range(SPLITS)]
        found[count] = float(np.mean(runs))
        tried(count, found[count])
    if not found:
        return max(1, min(COUNTS[0], int(points.known.sum()) // 2))
    best = max(found.values())
    return max(count for count, agreed in found.items() if agreed >= best - NEAR_BEST)

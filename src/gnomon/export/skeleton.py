"""Which parts of an object a skeleton joins: those that lie near each other in most images."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from gnomon.types import Floats


class Distances:
    """How far the K parts of an object lie apart, in units of their extent, summed over images."""

    def __init__(self, count: int) -> None:
        self._sum = np.zeros((count, count))
        self._seen = np.zeros((count, count))

    def add(self, xy: Floats, places: NDArray[np.int64]) -> None:
        """Add one image: points (N,2) and which part each is, -1 for none."""
        found = places >= 0
        if found.sum() < 2:
            return
        points, rows = xy[found], places[found]
        apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
        cells = np.ix_(rows, rows)
        self._sum[cells] += apart / max(float(apart.max()), 1.0)
        self._seen[cells] += 1

    def tree(self) -> tuple[tuple[int, int], ...]:
        """Join the parts by the tree of the least mean distance, as pairs (from 0, sorted).

        Parts that were never seen in one image are not joined.
        """
        mean = self._sum / np.maximum(self._seen, 1)
        lengths = np.where(self._seen > 0, mean + 1e-9, 0.0)  # 0 is no edge to SciPy
        tree = minimum_spanning_tree(lengths).toarray()
        pairs = combinations(range(len(tree)), 2)
        return tuple((a, b) for a, b in pairs if tree[a, b] > 0 or tree[b, a] > 0)

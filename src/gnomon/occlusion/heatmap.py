"""From one value for each window to one for each pixel."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def overlap_mean(
    drops: Floats, windows: NDArray[np.int64], patch: int, height: int, width: int
) -> NDArray[np.float32]:
    """Compute for every pixel the mean of ``drops`` over the windows that cover it.

    ``drops`` (N,); ``windows`` (N,2) top-left (y,x), each at most once. Returns (H,W). A pixel that
    no window covers (where the stride is larger than the patch) gets 0: no drop was seen there.
    The bits do not depend on the order of the windows, and where all drops are 0, so is the mean.
    """
    y, row = np.unique(windows[:, 0], return_inverse=True)
    x, column = np.unique(windows[:, 1], return_inverse=True)
    grid, covers = np.zeros((2, len(y), len(x)))
    grid[row, column] = drops
    covers[row, column] = 1.0
    total, cover = (
        _spread(_spread(values, y, patch, height).T, x, patch, width).T for values in (grid, covers)
    )
    return np.divide(total, cover, out=np.zeros_like(total), where=cover > 0).astype(np.float32)


def _spread(values: Floats, starts: NDArray[np.int64], patch: int, length: int) -> Floats:
    """Add row i of ``values`` to rows ``starts[i]`` to ``starts[i] + patch - 1`` of the result.

    ``starts`` holds no value twice, so that each step adds at most one row to another.
    """
    result = np.zeros((length, *values.shape[1:]))
    for step in range(patch):
        result[starts + step] += values
    return result

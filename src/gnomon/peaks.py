"""The peaks of a map: regional maxima, the best first, none too near a better one."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, maximum_filter
from scipy.spatial import cKDTree

from gnomon.arguments import checked
from gnomon.errors import SettingError
from gnomon.types import Floats, Heatmap, Keypoints


@checked
def find_peaks(heatmap: Heatmap, *, radius: float = 8.0, keep: float = 0.4) -> Keypoints:
    """Find the map's peaks and keep the best: ``candidates``, then ``keep_top``.

    >>> values = np.zeros((5, 40), dtype=np.float32)
    >>> values[2, 3], values[4, 30:32] = 1, 2
    >>> find_peaks(Heatmap(values, "confidence"), keep=1).xy
    array([[30.5,  4. ],
           [ 3. ,  2. ]])
    """
    return keep_top(candidates(heatmap, radius), keep)


def candidates(heatmap: Heatmap, radius: float = 8.0) -> Keypoints:
    """Find every peak that has no better one within ``radius`` model pixels, the best first.

    A peak is a pixel, or a plateau of equal pixels joined through sides or corners, with no higher
    neighbor; it counts as one point, the plateau's centroid, whose score is the map's value.
    Borders may hold peaks; a map that is flat everywhere has none. Equal scores are ordered by y,
    then x; going down the list, a point within the radius of one that stays is dropped.
    ``SettingError`` for a negative or infinite radius.
    """
    if not 0 <= radius < math.inf:
        raise SettingError(f"radius is {radius}; it must be a finite number of pixels, 0 or more")
    xy, score = _regional_maxima(heatmap.values)
    order = np.lexsort((xy[:, 0], xy[:, 1], -score))
    xy, score = xy[order], score[order]
    stays = apart(xy, radius)
    return Keypoints.at(xy[stays], score[stays])


def keep_top(keypoints: Keypoints, keep: float = 0.4) -> Keypoints:
    """Keep the first ``keep`` of the points, a fraction above 0 and at most 1, rounded up.

    ``SettingError`` for any other fraction.
    """
    if not 0 < keep <= 1:
        raise SettingError(f"keep is {keep}; it is a fraction above 0 and at most 1")
    return keypoints.take(slice(share_of(len(keypoints), keep)))


def share_of(count: int, keep: float) -> int:
    """Return how many of ``count`` points a fraction ``keep`` is, rounded up."""
    return math.ceil(keep * count * (1 - 1e-12))


def _regional_maxima(values: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return centroids (N,2) and values (N,) of all plateaus without a higher neighbor."""
    if values.min() == values.max():
        return np.empty((0, 2)), np.empty(0)
    top = values == maximum_filter(values, size=3, mode="nearest")
    beneath = maximum_filter(np.where(top, -np.inf, values), size=3, mode="nearest")
    plateaus, count = label(top, structure=np.ones((3, 3)))
    rows, columns = np.nonzero(top)
    names = plateaus[rows, columns] - 1
    is_shoulder = np.zeros(count, dtype=np.bool_)
    is_shoulder[names[(values == beneath)[rows, columns]]] = True
    size = np.bincount(names)
    xy = np.stack([np.bincount(names, columns), np.bincount(names, rows)], axis=1) / size[:, None]
    score = np.empty(count)
    score[names] = values[rows, columns]
    return xy[~is_shoulder], score[~is_shoulder]


def apart(xy: Floats, radius: float) -> NDArray[np.bool_]:
    """Return which points (N,2), the best first, have none that stays within the radius."""
    stays = np.ones(len(xy), dtype=np.bool_)
    if len(xy) == 0:
        return stays
    # Pairs of (better, worse); the tree's own rounding must not decide.
    pairs = cKDTree(xy).query_pairs(radius * (1 + 1e-9), output_type="ndarray")
    pairs = np.sort(pairs[((xy[pairs[:, 0]] - xy[pairs[:, 1]]) ** 2).sum(1) <= radius**2], axis=1)
    while len(pairs):
        challenged = np.zeros(len(xy), dtype=np.bool_)
        challenged[pairs[:, 1]] = True
        beaten = pairs[~challenged[pairs[:, 0]], 1]
        stays[beaten] = False
        pairs = pairs[stays[pairs].all(axis=1)]
    return stays

"""How alike two maps of one image are."""

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from gnomon.types import Floats

SIGMA, TRUNCATE = 1.5, 3.5
MARGIN = 5


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation of two maps' pixels; NaN where one of them is flat.

    >>> round(rank_correlation(np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 4], [9, 16]])), 9)
    1.0
    """
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def structural_similarity(one: Floats, other: Floats) -> float:
    """Mean SSIM of two maps, each scaled to [0,1] first (Wang, Bovik, Sheikh, Simoncelli 2004).

    The local window is a Gaussian of 1.5 px on 11x11 pixels; the outermost 5 pixels, where it does
    not fit, are not counted; NaN for maps where it fits nowhere.
    """
    if min(one.shape) <= 2 * MARGIN:
        return float("nan")
    x, y = _unit(one), _unit(other)
    mean_x, mean_y = _local(x), _local(y)
    variances = _local(x * x) - mean_x**2 + _local(y * y) - mean_y**2
    covariance = _local(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    ssim = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    ssim /= (mean_x**2 + mean_y**2 + c1) * (variances + c2)
    return float(ssim[MARGIN:-MARGIN, MARGIN:-MARGIN].mean())


def top_overlap(one: Floats, other: Floats, share: float = 0.1) -> float:
    """Share of one map's strongest pixels that are among the other's; by chance it is ``share``.

    >>> top_overlap(np.eye(4), np.eye(4), 0.25)
    1.0
    """
    count = max(1, round(share * one.size))
    common = np.intersect1d(_strongest(one, count), _strongest(other, count))
    return len(common) / count


def _strongest(values: Floats, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    order: np.ndarray[tuple[int], np.dtype[np.int64]] = np.argsort(
        -values, axis=None, kind="stable"
    )
    return order[:count]


def _unit(values: Floats) -> Floats:
    span = np.ptp(values)
    scaled: Floats = (values - values.min()) / (span if span > 0 else 1.0)
    return scaled


def _local(values: Floats) -> Floats:
    blurred: Floats = gaussian_filter(values, SIGMA, truncate=TRUNCATE)
    return blurred

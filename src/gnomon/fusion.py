"""Two maps of evidence become one: standardize, squash to likelihoods, add their logarithms."""

import numpy as np
from scipy.ndimage import gaussian_filter

from gnomon.arguments import checked
from gnomon.errors import SettingError
from gnomon.types import Floats, Heatmap

FLAT = 1e-12
WIDEST = 4096
"""Largest smoothing: wider than any map."""


@checked
def fuse(
    coarse: Heatmap | None,
    fine: Heatmap,
    *,
    coarse_weight: float = 1.0,
    fine_weight: float = 1.0,
    coarse_smoothing: float = 0.0,
    fine_smoothing: float = 0.0,
) -> Heatmap:
    """Combine coarse and fine map into the confidence map w_c log σ(coarse) + w_f log σ(fine).

    Each map is smoothed by a Gaussian (standard deviation in model pixels, 0 for none; mirrored at
    the borders), then brought to mean 0 and standard deviation 1; a flat map becomes zeros. Values
    are log-likelihoods, at most 0. Without a coarse map it is the fine map's alone.
    ``SettingError`` for maps of different sizes, negative weights
    or negative smoothing.

    >>> maps = [Heatmap(np.array([[0, 1]]), kind) for kind in ("coarse", "fine")]
    >>> fuse(*maps).values.round(4)
    array([[-2.6265, -0.6265]], dtype=float32)
    """
    if coarse is not None and coarse.values.shape != fine.values.shape:
        raise SettingError(
            f"the coarse map is {coarse.values.shape} and the fine map {fine.values.shape};"
            " both must have the size (height, width) of the same model image"
        )
    for name, value in (
        ("coarse_weight", coarse_weight),
        ("fine_weight", fine_weight),
        ("coarse_smoothing", coarse_smoothing),
        ("fine_smoothing", fine_smoothing),
    ):
        if not 0 <= value < np.inf:
            raise SettingError(f"{name} is {value}; it must be a finite number, 0 or more")
    if (widest := max(coarse_smoothing, fine_smoothing)) > WIDEST:
        raise SettingError(f"smoothing is {widest}; it is {WIDEST} pixels at most")
    confidence = fine_weight * _log_likelihood(fine, fine_smoothing)
    if coarse is not None:
        confidence = coarse_weight * _log_likelihood(coarse, coarse_smoothing) + confidence
    return Heatmap(confidence.astype(np.float32), "confidence")


def _log_likelihood(heatmap: Heatmap, smoothing: float) -> Floats:
    values = heatmap.values.astype(np.float64)
    if smoothing > 0:
        values = gaussian_filter(values, smoothing, mode="reflect")
    if np.ptp(values) <= FLAT * np.abs(values).max():
        values = np.zeros_like(values)
    else:
        values = (values - values.mean()) / values.std()
    logarithm: Floats = -np.logaddexp(0.0, -values)
    return logarithm

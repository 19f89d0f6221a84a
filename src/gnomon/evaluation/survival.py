"""How many points are still there when a network's weights are not."""

import numpy as np

from gnomon.types import Floats


def survival(points: Floats, others: Floats, radius: float) -> float:
    """Share of points (N,2) with one of ``others`` (M,2) within the radius; NaN without points."""
    if len(points) == 0:
        return float("nan")
    apart = np.linalg.norm(points[:, None] - others[None], axis=2)
    return float((apart.min(axis=1, initial=np.inf) <= radius).mean())


def survival_by_chance(others: Floats, height: int, width: int, radius: float) -> float:
    """Share of an image's pixels with one of ``others`` (M,2) within the radius."""
    rows, columns = np.mgrid[:height, :width]
    anywhere = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    return survival(anywhere, others, radius)

"""Which annotated landmark a keypoint shows."""

import numpy as np
from numpy.typing import NDArray

from gnomon.errors import SettingError
from gnomon.types import Floats, Landmarks

SAME = 1e-9
"""Distances this close, in units of the object's size, are equal: only rounding parts them."""


def assign(xy: Floats, landmarks: Landmarks, alpha: float = 0.1) -> NDArray[np.bool_]:
    """Assign each keypoint to its nearest visible landmark within ``alpha`` of the object's size.

    Takes keypoints (N,2) in file pixels and returns (N,M), true where landmark m is keypoint n's.
    A row holds no truth where no landmark is near enough (at exactly the tolerance, it is), and
    several where landmarks are equally near, as two annotated at one place. ``SettingError`` where
    ``alpha`` is not a positive number.
    """
    if not 0 < alpha < np.inf:
        raise SettingError(
            f"alpha is {alpha}; it is the tolerance in units of the object's size, above 0, "
            "usually 0.1"
        )
    distances = landmarks.distances(xy)
    nearest = distances.min(axis=1, keepdims=True, initial=np.inf)
    assigned = np.zeros((len(xy), len(landmarks.xy)), dtype=np.bool_)
    assigned[:, landmarks.visible] = (distances <= nearest + SAME) & (nearest <= alpha)
    return assigned

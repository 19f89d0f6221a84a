"""Supervision's ``KeyPoints`` of one image, in memory.

Supervision draws a point on the pixel that its coordinates name, so places stay as they are.
https://supervision.roboflow.com/latest/keypoint/core/
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gnomon.extras import library

if TYPE_CHECKING:
    import supervision

Floats = NDArray[np.float64]


def key_points(
    xy: Floats, confidence: Floats, *, class_id: int, class_name: str, probability: float
) -> "supervision.KeyPoints":
    """Make one object of K points (K,2), NaN where it lacks one; no object where it lacks all.

    Points that it lacks are at (0, 0), not ``visible``, with confidence 0. ``detection_confidence``
    is the class's probability, ``data`` has the class's name. ``SettingError`` where supervision is
    not installed.
    """
    sv = library("supervision", "supervision", "supervision's KeyPoints")
    here = ~np.isnan(xy[:, 0])
    objects = slice(0, int(here.any()))
    made: supervision.KeyPoints = sv.KeyPoints(
        xy=np.nan_to_num(xy)[None][objects],
        class_id=np.array([class_id])[objects],
        keypoint_confidence=np.nan_to_num(confidence)[None][objects],
        detection_confidence=np.array([probability])[objects],
        visible=here[None][objects],
        data={"class_name": np.array([class_name])[objects]},
    )
    return made

"""Keypoints as supervision's ``KeyPoints``, in memory.

Supervision draws a point on the pixel that its coordinates name, so places stay as they are.
https://supervision.roboflow.com/latest/keypoint/core/
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gnomon.export.contents import Contents
from gnomon.extras import library
from gnomon.runs.records import Record

if TYPE_CHECKING:
    import supervision


def to_supervision(contents: Contents) -> "Iterator[tuple[Record, supervision.KeyPoints]]":
    """Give each image with its keypoints: one object of K points, or none where it has none.

    Points that the image does not have are at (0, 0), not ``visible``, with confidence 0. The
    object's ``detection_confidence`` is its class's probability, ``data`` has the class's name.
    """
    sv = library("supervision", "supervision", "supervision's KeyPoints")
    classes = {label: number for number, label in enumerate(contents.labels)}
    for record in contents:
        xy, _, confidence = contents.placed(record)
        here = ~np.isnan(xy[:, 0])
        objects = slice(0, int(here.any()))
        yield (
            record,
            sv.KeyPoints(
                xy=np.nan_to_num(xy)[None][objects],
                class_id=np.array([classes[record.image.label]])[objects],
                keypoint_confidence=np.nan_to_num(confidence)[None][objects],
                detection_confidence=np.array([record.image.probability])[objects],
                visible=here[None][objects],
                data={"class_name": np.array([record.image.label])[objects]},
            ),
        )

"""A run's keypoints as supervision's ``KeyPoints``, in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gnomon.export.contents import Contents
from gnomon.runs.records import Record
from gnomon.supervision_points import key_points

if TYPE_CHECKING:
    import supervision


def to_supervision(contents: Contents) -> "Iterator[tuple[Record, supervision.KeyPoints]]":
    """Yield each image with its keypoints, one object each; see `gnomon.supervision_points`.

    ``class_id`` counts the run's labels.
    """
    classes = {label: number for number, label in enumerate(contents.labels)}
    for record in contents:
        xy, _, confidence = contents.placed(record)
        yield (
            record,
            key_points(
                xy,
                confidence,
                class_id=classes[record.image.label],
                class_name=record.image.label,
                probability=record.image.probability,
            ),
        )

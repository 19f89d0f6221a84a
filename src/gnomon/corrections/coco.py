"""COCO keypoints as a tool gives them back."""

from pathlib import Path

from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint, rank_in
from gnomon.datasets.coco_json import CocoFile, CocoObject, read_coco_json
from gnomon.errors import ExportError
from gnomon.tables import ANY

HIDDEN, SEEN = 1, 2


def read_coco(path: Path) -> list[CorrectedImage]:
    """Read every image; points that were not labeled (v = 0) are no points.

    Keypoints that are called by numbers are those of free points, and the numbers their ranks.
    """
    coco = read_coco_json(path)
    return [
        CorrectedImage(
            image.file_name,
            image.size,
            tuple(point for one in coco.objects[image.key] for point in _points(one, coco, path)),
            image.image_id,
            coco.run_id,
        )
        for image in coco.images
    ]


def _points(one: CocoObject, coco: CocoFile, path: Path) -> list[CorrectedPoint]:
    names = coco.categories[one.category].keypoints
    if len(names) != len(one.keypoints):
        raise ExportError(
            f"{path}: category {coco.categories[one.category].name!r} names {len(names)} keypoints,"
            f" but an annotation of image {one.image!r} holds {len(one.keypoints)}"
        )
    ranks = [rank_in(name) for name in names]
    free = None not in ranks
    return [
        CorrectedPoint(
            float(x), float(y), ANY if free else name, bool(v == SEEN), rank if free else None
        )
        for (x, y, v), name, rank in zip(one.keypoints, names, ranks, strict=True)
        if v >= HIDDEN
    ]

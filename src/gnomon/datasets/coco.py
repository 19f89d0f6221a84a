"""COCO keypoints: people, or anything else whose points come in COCO's format."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.datasets.coco_json import CocoFile, CocoImage, CocoObject, read_coco_json
from gnomon.datasets.files import contents, image_inside, require, require_images
from gnomon.datasets.left_out import warn_left_out
from gnomon.datasets.orientation import to_displayed, turn_boxes
from gnomon.datasets.sample import Dataset, Sample, Samples, Split, box_around, longer_side
from gnomon.errors import DatasetError
from gnomon.types import Floats, Landmarks


@dataclass(frozen=True, slots=True)
class _Record:
    path: Path
    image: CocoImage
    file: CocoFile
    split: Split | None


def read_coco(folder: Path) -> Dataset:
    """Read every COCO keypoint file of a folder, or of its ``annotations`` folder.

    Files named for "train" or for "val" or "test" are that split. Images lie in the folder itself,
    in ``images``, ``JPEGImages`` or the folder that COCO names for the split (``val2017``), inside
    ``images`` or not. A sample is an image with at least one object that is no crowd; its landmarks
    are those of all its objects, v = 1 hidden, v = 2 visible, v = 0 left out; ids count from 1 in
    the order of the category's names. The scale is the longer side of the largest box; where no
    object has a box, of the box around the points, or of the image where there are less than two.
    The label is the category where all objects share one.
    """
    require(folder, "coco")
    files = [*folder.glob("*.json"), *(folder / "annotations").glob("*.json")]
    if len(files) > 1:
        files = [file for file in files if "keypoint" in file.name] or files
    if not files:
        raise DatasetError(
            "a coco data set is a folder with annotations.json or annotations/*.json beside its "
            f"images; {folder} holds {contents(folder)}"
        )
    records = [record for file in sorted(files) for record in _records(folder, file)]
    require_images("coco", [record.path for record in records])
    return Samples(len(records), lambda index: _sample(records[index]))


def _records(folder: Path, file: Path) -> list[_Record]:
    coco = read_coco_json(file)
    places = ("", "images", "JPEGImages", file.stem.split("_")[-1])
    homes = [folder / place for place in places] + [folder / "images" / places[-1]]
    split = _split(file.stem)
    _warn(coco, file)
    return [
        _Record(_find(homes, image.file_name, file), image, coco, split)
        for image in coco.images
        if any(not found.crowd for found in coco.objects[image.key])
    ]


def _warn(coco: CocoFile, file: Path) -> None:
    """Warn of the images, and of the objects' points, that are left out."""
    seen = {
        image.key: [one for one in coco.objects[image.key] if not one.crowd]
        for image in coco.images
    }
    empty = [image.file_name for image in coco.images if not seen[image.key]]
    warn_left_out(f"images of {file} without an object, left out", empty)
    pointless = [
        image.file_name
        for image in coco.images
        for one in seen[image.key]
        if coco.categories[one.category].keypoints and not len(one.keypoints)
    ]
    warn_left_out(
        f"objects of {file} without keypoints, though their category names some", pointless
    )


def _find(homes: list[Path], name: str, file: Path) -> Path:
    home = next((home for home in homes if os.path.isfile(home / name)), homes[0])
    return image_inside(home, name, file)


def _split(stem: str) -> Split | None:
    if "train" in stem:
        return "train"
    return "test" if "val" in stem or "test" in stem else None


def _sample(record: _Record) -> Sample:
    turn = to_displayed(record.path, record.image.size)
    objects = [found for found in record.file.objects[record.image.key] if not found.crowd]
    boxes = turn_boxes(turn, _boxes(objects))
    points = np.concatenate([found.keypoints for found in objects])
    names = [name for found in objects for name in _names(found, record.file)]
    ids = np.concatenate([np.arange(len(found.keypoints)) + 1 for found in objects])
    labeled = points[:, 2] > 0
    xy = turn.apply(points[labeled, :2])
    categories = {record.file.categories[found.category].name for found in objects}
    return Sample(
        record.path,
        label=categories.pop() if len(categories) == 1 else None,
        landmarks=Landmarks(
            xy=xy,
            ids=ids[labeled],
            names=tuple(name for name, use in zip(names, labeled, strict=True) if use),
            visible=points[labeled, 2] == 2,
            scale=_scale(boxes, xy, record.image),
        ),
        boxes=boxes,
        split=record.split,
    )


def _boxes(objects: list[CocoObject]) -> Floats:
    boxes = [found.box for found in objects if found.box is not None]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _scale(boxes: Floats, xy: Floats, image: CocoImage) -> float:
    if len(boxes):
        return longer_side(boxes)
    return longer_side(box_around(xy)) if len(xy) > 1 else float(max(image.size))


def _names(found: CocoObject, file: CocoFile) -> tuple[str, ...]:
    names = file.categories[found.category].keypoints
    count = len(found.keypoints)
    if not count or len(names) == count:
        return names[:count]
    raise DatasetError(
        f"category {file.categories[found.category].name!r} names {len(names)} keypoints, "
        f"but an annotation of image {found.image} holds {count}"
    )

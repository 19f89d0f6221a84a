"""COCO's JSON, read once for every data set that comes in it.

Boxes and outlines are in COCO's continuous coordinates, 0 the image's left edge; keypoints are
pixel indices, 0 the first pixel's centre (Detectron2's reader makes the same distinction). So boxes
and outlines move by half a pixel into gnomon's file pixels, and keypoints stay.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.datasets.files import read_json
from gnomon.errors import DatasetError
from gnomon.foreign import Value
from gnomon.types import Floats

Key = int | str


@dataclass(frozen=True, slots=True)
class CocoImage:
    """An entry of ``images``: ``size`` is (width, height).

    ``image_id`` is a run's, where gnomon exported the file.
    """

    key: Key
    file_name: str
    size: tuple[int, int]
    image_id: str | None


@dataclass(frozen=True, slots=True, eq=False)
class CocoObject:
    """An entry of ``annotations``, in gnomon's pixels.

    ``box`` (4,) x, y, width, height; ``keypoints`` (K,3) x, y and COCO's visibility 0, 1 or 2;
    ``outlines`` each (V,2), none where the segmentation is run lengths.
    """

    image: Key
    category: Key
    crowd: bool
    box: Floats
    keypoints: Floats
    outlines: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class CocoCategory:
    """An entry of ``categories``."""

    key: Key
    name: str
    keypoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CocoFile:
    """What a COCO file holds; ``objects`` by image, ``run_id`` of the run that gnomon exported."""

    images: tuple[CocoImage, ...]
    categories: dict[Key, CocoCategory]
    objects: dict[Key, list[CocoObject]]
    run_id: str | None


def read_coco_json(path: Path) -> CocoFile:
    """Read an annotation file; ``DatasetError`` says what is not as COCO has it."""
    content = read_json(path)
    try:
        categories = {one.key: one for one in map(_category, content["categories"].each())}
        images = tuple(map(_image, content["images"].each()))
        objects: dict[Key, list[CocoObject]] = {image.key: [] for image in images}
        for entry in content["annotations"].each():
            found = _object(entry, categories)
            if found.image not in objects:
                raise ValueError(f"{entry.place} is of image {found.image!r}, which is not there")
            objects[found.image].append(found)
        run_id = _text(content.get("info"), "gnomon_run")
    except ValueError as error:
        raise DatasetError(
            f"{path} is not in COCO's format (images, annotations, categories): {error}"
        ) from error
    return CocoFile(images, categories, objects, run_id)


def _image(entry: Value) -> CocoImage:
    size = (entry["width"].whole(low=1), entry["height"].whole(low=1))
    name = entry["file_name"].text()
    return CocoImage(entry["id"].key(), name, size, _text(entry, "gnomon_id"))


def _text(entry: Value | None, name: str) -> str | None:
    """Take what gnomon noted; where another tool uses the name, it says nothing."""
    given = None if entry is None or not isinstance(entry.value, dict) else entry.value.get(name)
    return given if isinstance(given, str) else None


def _category(entry: Value) -> CocoCategory:
    names = entry.get("keypoints")
    keypoints = () if names is None else names.texts()
    return CocoCategory(entry["id"].key(), entry["name"].text(), keypoints)


def _object(entry: Value, categories: dict[Key, CocoCategory]) -> CocoObject:
    segmentation, points, crowd = (
        entry.get(name) for name in ("segmentation", "keypoints", "iscrowd")
    )
    flat = segmentation is not None and not isinstance(segmentation.value, dict)
    outlines = segmentation.each() if segmentation is not None and flat else ()
    found = CocoObject(
        image=entry["image_id"].key(),
        category=entry["category_id"].key(),
        crowd=crowd is not None and crowd.flag(),
        box=entry["bbox"].numbers(4) - (0.5, 0.5, 0.0, 0.0),
        keypoints=np.empty((0, 3)) if points is None else points.numbers(-1, 3),
        outlines=tuple(one.numbers(-1, 2) - 0.5 for one in outlines),
    )
    if found.category not in categories:
        raise ValueError(f"{entry.place} is of category {found.category!r}, which is not there")
    return found

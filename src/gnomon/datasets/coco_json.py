"""COCO's JSON, read once for every data set that comes in it.

Boxes and outlines are in COCO's continuous coordinates, 0 the image's left edge; keypoints are
pixel indices, 0 the first pixel's centre (Detectron2's reader makes the same distinction). So boxes
and outlines move by half a pixel into gnomon's file pixels, and keypoints stay.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.datasets.files import read_json
from gnomon.errors import DatasetError
from gnomon.types import Floats


@dataclass(frozen=True, slots=True)
class CocoImage:
    """An entry of ``images``: ``size`` is (width, height)."""

    key: int
    file_name: str
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class CocoObject:
    """An entry of ``annotations``, in gnomon's pixels.

    ``box`` (4,) x, y, width, height; ``keypoints`` (K,3) x, y and COCO's visibility 0, 1 or 2;
    ``outlines`` each (V,2), none where the segmentation is run lengths.
    """

    image: int
    category: int
    crowd: bool
    box: Floats
    keypoints: Floats
    outlines: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class CocoCategory:
    """An entry of ``categories``."""

    key: int
    name: str
    keypoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CocoFile:
    """What a COCO file holds; ``objects`` by image."""

    images: tuple[CocoImage, ...]
    categories: dict[int, CocoCategory]
    objects: dict[int, list[CocoObject]]


def read_coco_json(path: Path) -> CocoFile:
    """Read an annotation file; ``DatasetError`` says what is not as COCO has it."""
    content = read_json(path)
    try:
        categories = [_category(entry) for entry in content["categories"]]
        images = tuple(_image(entry) for entry in content["images"])
        objects: dict[int, list[CocoObject]] = {image.key: [] for image in images}
        for entry in content["annotations"]:
            found = _object(entry)
            objects[found.image].append(found)
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path} is not in COCO's format (images, annotations, categories): {error!r}"
        ) from error
    return CocoFile(images, {category.key: category for category in categories}, objects)


def _image(entry: dict[str, Any]) -> CocoImage:
    return CocoImage(entry["id"], entry["file_name"], (entry["width"], entry["height"]))


def _category(entry: dict[str, Any]) -> CocoCategory:
    return CocoCategory(entry["id"], entry["name"], tuple(entry.get("keypoints", ())))


def _object(entry: dict[str, Any]) -> CocoObject:
    segmentation = entry.get("segmentation", ())
    flat = () if isinstance(segmentation, dict) else segmentation
    x, y, width, height = entry["bbox"]
    return CocoObject(
        image=entry["image_id"],
        category=entry["category_id"],
        crowd=bool(entry.get("iscrowd", False)),
        box=np.array([x - 0.5, y - 0.5, width, height], dtype=np.float64),
        keypoints=np.array(entry.get("keypoints", ()), dtype=np.float64).reshape(-1, 3),
        outlines=tuple(np.array(xy, dtype=np.float64).reshape(-1, 2) - 0.5 for xy in flat),
    )

"""COCO's JSON, read once for every data set that comes in it.

Boxes and outlines are in COCO's continuous coordinates, 0 the image's left edge; keypoints are
pixel indices, 0 the first pixel's center (Detectron2's reader makes the same distinction). So boxes
and outlines move by half a pixel into gnomon's file pixels, and keypoints stay.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.datasets.files import read_json, unique
from gnomon.errors import DatasetError
from gnomon.foreign import Key, Number, Side, whole_size
from gnomon.types import Floats


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

    ``box`` (4,) x, y, width, height, ``None`` where it is absent or without area; ``keypoints``
    (K,3) x, y and COCO's visibility 0, 1 or 2; ``outlines`` each (V,2), none where the segmentation
    is run lengths.
    """

    image: Key
    category: Key
    crowd: bool
    box: Floats | None
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


@dataclass(frozen=True, slots=True)
class _Image:
    id: Key
    file_name: str
    width: Side
    height: Side
    gnomon_id: Any = None


@dataclass(frozen=True, slots=True)
class _Category:
    id: Key
    name: str
    keypoints: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Annotation:
    image_id: Key
    category_id: Key
    id: Key | None = None
    bbox: tuple[Number, Number, Number, Number] | None = None
    iscrowd: bool | int | None = None
    keypoints: list[Number] | None = None
    segmentation: list[list[Number]] | dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _File:
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]
    info: Any = None


def read_coco_json(path: Path) -> CocoFile:
    """Read an annotation file; ``DatasetError`` says what is not as COCO has it."""
    expected = "in COCO's format (images, annotations, categories)"
    content = read_json(path, _File, expected)
    categories: dict[Key, CocoCategory] = {
        one.id: CocoCategory(one.id, one.name, one.keypoints or ()) for one in content.categories
    }
    try:
        for what, keys in (
            ("image", [one.id for one in content.images]),
            ("category", [one.id for one in content.categories]),
            ("annotation", [one.id for one in content.annotations if one.id is not None]),
        ):
            unique(keys, what, path)
        images = tuple(map(_image, content.images))
        objects: dict[Key, list[CocoObject]] = {image.key: [] for image in images}
        for entry in content.annotations:
            found = _object(entry)
            for kind, key, known in (
                ("category", found.category, categories),
                ("image", found.image, objects),
            ):
                if key not in known:
                    raise ValueError(f"an annotation is of {kind} {key!r}, which is not there")
            objects[found.image].append(found)
    except ValueError as error:
        raise DatasetError(f"{path} is not {expected}: {error}") from error
    info = content.info if isinstance(content.info, dict) else {}
    return CocoFile(images, categories, objects, _noted(info.get("gnomon_run")))


def _image(entry: _Image) -> CocoImage:
    size = whole_size(entry.width, entry.height)
    return CocoImage(entry.id, entry.file_name, size, _noted(entry.gnomon_id))


def _noted(value: object) -> str | None:
    """Take what gnomon noted; where another tool uses the name, it says nothing."""
    return value if isinstance(value, str) else None


def _object(entry: _Annotation) -> CocoObject:
    flat = entry.segmentation if isinstance(entry.segmentation, list) else []
    return CocoObject(
        image=entry.image_id,
        category=entry.category_id,
        crowd=bool(entry.iscrowd),
        box=_box(entry.bbox),
        keypoints=np.array(entry.keypoints or (), dtype=np.float64).reshape(-1, 3),
        outlines=tuple(np.array(xy, dtype=np.float64).reshape(-1, 2) - 0.5 for xy in flat),
    )


def _box(bbox: tuple[Number, Number, Number, Number] | None) -> Floats | None:
    """Return a box in gnomon's pixels; tools write [0, 0, 0, 0] for an object that has none."""
    if bbox is None or min(bbox[2:]) <= 0:
        return None
    return np.array(bbox, dtype=np.float64) - (0.5, 0.5, 0.0, 0.0)

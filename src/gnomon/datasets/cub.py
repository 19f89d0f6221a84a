"""CUB-200-2011: birds of 200 species, fifteen named points and a box each.

Wah, Branson, Welinder, Perona, Belongie: The Caltech-UCSD Birds-200-2011 Dataset, 2011. Its README
names no pixel convention, so it was read off the files: boxes begin at 0 (they are not counted from
1) and, where the bird is cut off, nearly always end at width - 1 or height - 1; points are whole
numbers. So corners and points are pixels counted from 0, and stay as they are.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from gnomon.datasets.files import (
    image_inside,
    number,
    require,
    require_images,
    rows,
    unique,
    whole,
)
from gnomon.datasets.left_out import warn_left_out
from gnomon.datasets.sample import Dataset, Sample, Samples, longer_side
from gnomon.errors import DatasetError
from gnomon.types import Floats, Landmarks


def read_cub(folder: Path) -> Dataset:
    """Read the original folder layout, or any part of it that keeps the files' formats.

    Labels are the class names of ``classes.txt``; landmarks are the parts marked visible, ids as in
    ``parts.txt``; the scale is the longer side of the box. Images that the other tables know and
    ``images.txt`` does not are left out, after a warning.
    """
    tables = (
        "images.txt",
        "classes.txt",
        "image_class_labels.txt",
        "train_test_split.txt",
        "bounding_boxes.txt",
        "parts/parts.txt",
        "parts/part_locs.txt",
    )
    require(folder, "cub", "images", *tables)
    names = _table(folder / "images.txt", "image name")
    images = {
        key: image_inside(folder / "images", name, folder / "images.txt")
        for key, name in names.items()
    }
    require_images("cub", images.values())

    classes = _table(folder / "classes.txt", "class name")
    labels = _table(folder / "image_class_labels.txt", "image class")
    training = {
        key: _flag(said, folder / "train_test_split.txt")
        for key, said in _table(folder / "train_test_split.txt", "image is_training").items()
    }
    boxes = _boxes(folder / "bounding_boxes.txt")
    parts = folder / "parts" / "parts.txt"
    part_names = {whole(part, parts): name for part, name in _table(parts, "part name").items()}
    points = _points(folder / "parts" / "part_locs.txt", names, part_names)
    others = {*labels, *training, *boxes, *points} - {*images}
    warn_left_out(f"images that {folder / 'images.txt'} does not list, left out", sorted(others))

    def sample(key: str) -> Sample:
        try:
            box = boxes[key]
            found = points[key]
            return Sample(
                images[key],
                label=classes[labels[key]],
                split="train" if training[key] else "test",
                boxes=box,
                landmarks=Landmarks(
                    xy=np.array([(x, y) for _, x, y in found]).reshape(-1, 2),
                    ids=np.array([part for part, _, _ in found], dtype=np.int64),
                    names=tuple(part_names[part] for part, _, _ in found),
                    visible=np.ones(len(found), dtype=np.bool_),
                    scale=longer_side(box),
                ),
            )
        except KeyError as error:
            raise DatasetError(f"{folder}: the tables say nothing of {error}") from error

    samples = [sample(key) for key in images]
    return Samples(len(samples), samples.__getitem__)


def _table(path: Path, columns: str) -> dict[str, str]:
    """Read a table of two columns, the first of which identifies the row."""
    found = list(rows(path, columns))
    unique((key for key, _ in found), columns.split()[0], path)
    return dict(found)


def _flag(cell: str, path: Path) -> bool:
    if cell not in ("0", "1"):
        raise DatasetError(f"{path}: expected 0 or 1, found {cell!r}")
    return cell == "1"


def _boxes(path: Path) -> dict[str, Floats]:
    found = list(rows(path, "image x y width height"))
    unique((key for key, *_ in found), "image", path)
    return {key: np.array([[number(cell, path) for cell in box]]) for key, *box in found}


def _points(
    path: Path, images: Iterable[str], parts: Collection[int]
) -> dict[str, list[tuple[int, float, float]]]:
    """Read the visible parts of each image; each of ``images`` says of every part where it is."""
    points: dict[str, list[tuple[int, float, float]]] = {}
    told: dict[str, set[int]] = {}
    for key, named, x, y, visible in rows(path, "image part x y visible"):
        part = whole(named, path)
        place = (part, number(x, path), number(y, path))
        seen = points.setdefault(key, [])
        if part in told.setdefault(key, set()) or part not in parts:
            raise DatasetError(f"{path}: part {part} of image {key} is there twice, or no part")
        told[key].add(part)
        if _flag(visible, path):
            seen.append(place)
    for key in images:
        if missing := set(parts) - told.get(key, set()):
            raise DatasetError(f"{path}: it says nothing of part {min(missing)} of image {key}")
    return points

"""CUB-200-2011: birds of 200 species, fifteen named points and a box each.

Wah, Branson, Welinder, Perona, Belongie: The Caltech-UCSD Birds-200-2011 Dataset, 2011. Its README
names no pixel convention, so it was read off the files: boxes begin at 0 (they are not counted from
1) and, where the bird is cut off, nearly always end at width - 1 or height - 1; points are whole
numbers. So corners and points are pixels counted from 0, and stay as they are.
"""

from pathlib import Path

import numpy as np

from gnomon.datasets.files import image_inside, number, require, require_images, rows, whole
from gnomon.datasets.sample import Dataset, Sample, Samples, longer_side
from gnomon.errors import DatasetError
from gnomon.types import Floats, Landmarks


def read_cub(folder: Path) -> Dataset:
    """Read the original folder layout, or any part of it that keeps the files' formats.

    Labels are the class names of ``classes.txt``; landmarks are the parts marked visible, ids as in
    ``parts.txt``; the scale is the longer side of the box.
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
    names = dict(rows(folder / "images.txt", "image name"))
    images = {
        key: image_inside(folder / "images", name, folder / "images.txt")
        for key, name in names.items()
    }
    require_images("cub", images.values())

    classes = dict(rows(folder / "classes.txt", "class name"))
    labels = dict(rows(folder / "image_class_labels.txt", "image class"))
    training = dict(rows(folder / "train_test_split.txt", "image is_training"))
    boxes = _boxes(folder / "bounding_boxes.txt")
    parts = folder / "parts" / "parts.txt"
    part_names = {whole(part, parts): name for part, name in rows(parts, "part name")}
    points = _points(folder / "parts" / "part_locs.txt")

    def sample(key: str) -> Sample:
        try:
            box = boxes[key]
            found = points.get(key, [])
            return Sample(
                images[key],
                label=classes[labels[key]],
                split="train" if training[key] == "1" else "test",
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


def _boxes(path: Path) -> dict[str, Floats]:
    return {
        key: np.array([[number(cell, path) for cell in box]])
        for key, *box in rows(path, "image x y width height")
    }


def _points(path: Path) -> dict[str, list[tuple[int, float, float]]]:
    points: dict[str, list[tuple[int, float, float]]] = {}
    for key, part, x, y, visible in rows(path, "image part x y visible"):
        if visible == "1":
            place = (whole(part, path), number(x, path), number(y, path))
            points.setdefault(key, []).append(place)
    return points

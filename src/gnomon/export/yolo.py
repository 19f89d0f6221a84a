"""Ultralytics pose: a text file an image, an object a line, all in shares of the image's size.

Shares count from the image's left and top edge, so a pixel's center lies at half a pixel. Images
are copied beside, as the trainer finds labels by replacing the last folder ``images`` of a path
with ``labels``; so no other folder of an export is called ``images``.
Numbers have nine decimals: less than 1e-4 px in an image of 100000 pixels.
https://docs.ultralytics.com/datasets/pose/
"""

import json
import re
from pathlib import Path, PurePosixPath

import numpy as np

from gnomon.disk import new_folder
from gnomon.export.coco import VISIBLE, box_of
from gnomon.export.contents import Contents
from gnomon.export.free_names import FreeNames
from gnomon.export.photographs import photographed, write_photograph
from gnomon.runs.records import Record

SIDES = {"left": "right", "right": "left"}


def write_yolo(contents: Contents, out: Path) -> None:
    """Write a folder with ``images/``, ``labels/`` and ``data.yaml``."""
    folder = new_folder(out)
    for name in ("images", "labels"):
        new_folder(out / name)
    with folder.create_text("data.yaml") as file:
        file.write(configuration(contents))
    classes = {label: number for number, label in enumerate(contents.labels)}
    names = FreeNames(endings=False)  # a.jpg and a.png would share one text file
    for record, photograph in photographed(contents):
        image = PurePosixPath(names.take(_flat(contents.file_name(record.image))))
        with folder.create_text(f"labels/{image.with_suffix('.txt')}") as file:
            file.write(_line(record, contents, classes[record.image.label]))
        write_photograph(photograph, folder, f"images/{image}")


def configuration(contents: Contents) -> str:
    """Write data.yaml; its strings are JSON's, which are YAML's too."""
    numbered = list(enumerate(contents.labels))
    names = "".join(f"\n  {n}: {json.dumps(name)}" for n, name in numbered) or " {}"
    each = json.dumps(list(contents.names))
    points = "".join(f"\n  {n}: {each}" for n, _ in numbered) or " {}"
    return (
        f"train: images\nval: images\nkpt_shape: [{len(contents.names)}, 3]\n"
        f"flip_idx: {mirrored(contents.names)}\nnames:{names}\nkpt_names:{points}\n"
    )


def mirrored(names: tuple[str, ...]) -> list[int]:
    """Find the place that each name has in the mirrored image: left and right change places.

    >>> mirrored(("left eye", "right eye", "beak"))
    [1, 0, 2]
    """
    places = {name: place for place, name in enumerate(names)}
    swapped = [re.sub("left|right", lambda side: SIDES[side[0]], name) for name in names]
    return [places.get(other, place) for place, other in enumerate(swapped)]


def _flat(name: str) -> str:
    """Leave folders called ``images`` out of a name.

    >>> _flat("birds/images/a.jpg")
    'birds/a.jpg'
    """
    *folders, last = name.split("/")
    return "/".join([*(one for one in folders if one != "images"), last])


def _line(record: Record, contents: Contents, class_number: int) -> str:
    xy, _, _ = contents.placed(record)
    here = ~np.isnan(xy[:, 0])
    if not here.any():
        return ""
    size = np.array([record.image.width, record.image.height])
    box = box_of(xy[here], record.image)
    center = np.concatenate([box[:2] + box[2:] / 2, box[2:]]) / np.tile(size, 2)
    shares = np.where(here[:, None], np.clip((xy + 0.5) / size, 0.0, 1.0), 0.0)
    cells = [f"{value:.9f}" for value in center]
    for (x, y), seen in zip(shares.tolist(), here.tolist(), strict=True):
        cells += [f"{x:.9f}", f"{y:.9f}", str(VISIBLE if seen else 0)]
    return f"{class_number} {' '.join(cells)}\n"

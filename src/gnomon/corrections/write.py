"""Corrected points as a data set that `evaluate` takes, and the account of the changes."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.corrections.changes import Changes
from gnomon.corrections.read_back import Corrected, Corrections
from gnomon.datasets.corrected import FILE_NAME
from gnomon.datasets.sample import box_around, longer_side
from gnomon.disk import new_folder
from gnomon.export.contents import Contents
from gnomon.export.json_stream import write_object
from gnomon.export.naming import whole_path
from gnomon.export.staging import staged
from gnomon.path_text import path_text


def write_corrections(found: Corrections, contents: Contents, out: Path) -> None:
    """Write a folder: ``landmarks.json``, the data set, and ``changes.json``."""
    ids = {name: number for number, name in enumerate(_names(found, contents), start=1)}
    with staged(out) as aside:
        folder = new_folder(aside)
        with folder.create_text(FILE_NAME) as file:
            write_object(file, {"images": (_image(one, ids, contents) for one in found.images)})
        with folder.create_text("changes.json") as file:
            total = {"images": len(found.images)} | _account(found.changes)
            fields = {
                "total": total,
                "annotators": found.annotators,
                "unknown": list(found.unknown),
                "each": _each(found),
            }
            write_object(file, fields)


def _names(found: Corrections, contents: Contents) -> list[str]:
    """List the names of points, those of the export first, in its order."""
    known = list(contents.names) if contents.ordered else []
    given = {point.name for one in found.images for point in one.points}
    return known + sorted(given - set(known))


def _image(one: Corrected, ids: dict[str, int], contents: Contents) -> dict[str, Any]:
    image = one.image
    xy = np.array([(point.x, point.y) for point in one.points]).reshape(-1, 2)
    scale = longer_side(box_around(xy)) if len(xy) > 1 else max(image.width, image.height)
    place = contents.photographs.place(image.path, image.content_hash)
    return {
        "path": whole_path(path_text(place)),
        "content_hash": image.content_hash,
        "label": image.label,
        "scale": float(scale),
        "points": [
            {"x": p.x, "y": p.y, "id": ids[p.name], "name": p.name, "visible": p.visible}
            | {"change": change}
            for p, change in zip(one.points, one.each, strict=True)
        ],
        "deleted": one.changes.deleted,
    }


def _each(found: Corrections) -> Iterator[dict[str, Any]]:
    for one in found.images:
        yield {"path": one.image.path, "annotator": one.annotator} | _account(one.changes)


def _account(changes: Changes) -> dict[str, int]:
    return asdict(changes) | {
        "points": changes.n_points,
        "clicks": changes.clicks,
        "clicks_saved": changes.clicks_saved,
    }

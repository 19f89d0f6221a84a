"""COLMAP's database: an image with a camera of its own, and its keypoints.

COLMAP's origin is the top left corner of the top left pixel, so centers lie at half a pixel.
Places are float32 there. pycolmap makes the tables; rows are written by SQLite itself, for pycolmap
ends the process where the disk is full. https://colmap.github.io/database.html
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from gnomon.errors import ExportError
from gnomon.export.contents import Contents
from gnomon.extras import library

FOCAL = 1.2
"""The focal length that COLMAP guesses, in units of the longer side."""
SIMPLE_RADIAL = 2
"""COLMAP's number of the camera model with a focal length, a center and one distortion."""
INSERTS = (
    "INSERT INTO cameras (camera_id, model, width, height, params, prior_focal_length)"
    " VALUES (?, ?, ?, ?, ?, 0)",
    "INSERT INTO images (image_id, name, camera_id) VALUES (?, ?, ?)",
    "INSERT INTO keypoints (image_id, rows, cols, data) VALUES (?, ?, 2, ?)",
)


def write_colmap(contents: Contents, out: Path) -> None:
    """Write a database to match and to reconstruct from."""
    pycolmap = library("pycolmap", "colmap", "COLMAP's format")
    try:
        with pycolmap.Database.open(out):
            pass
        with closing(sqlite3.connect(out)) as database:
            database.execute("PRAGMA journal_mode = OFF")
            with database:
                for rows in _rows(contents):
                    for insert, row in zip(INSERTS, rows, strict=True):
                        database.execute(insert, row)
    except (sqlite3.Error, RuntimeError, OverflowError) as error:
        raise ExportError(
            f"COLMAP's database cannot be written: {error}; make room, try again"
        ) from error


def _rows(contents: Contents) -> Iterator[tuple[tuple[object, ...], ...]]:
    """Yield each image's rows of the three tables; camera and image have the same number."""
    for key, record in enumerate(contents, start=1):
        width, height = record.image.width, record.image.height
        camera = [FOCAL * max(width, height), width / 2, height / 2, 0.0]
        points = (record.xy + 0.5).astype("<f4")
        yield (
            (key, SIMPLE_RADIAL, width, height, np.array(camera, "<f8").tobytes()),
            (key, contents.name(record.image), key),
            (key, len(points), np.ascontiguousarray(points).tobytes()),
        )

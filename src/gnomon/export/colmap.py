"""COLMAP's database: an image with a camera of its own, and its keypoints.

COLMAP's origin is the top left corner of the top left pixel, so centres lie at half a pixel.
Places are float32 there. https://colmap.github.io/database.html
"""

from pathlib import Path

import numpy as np

from gnomon.export.contents import Contents
from gnomon.extras import library

FOCAL = 1.2
"""The focal length that COLMAP guesses, in units of the longer side."""


def write_colmap(contents: Contents, out: Path) -> None:
    """Write a database to match and to reconstruct from."""
    pycolmap = library("pycolmap", "colmap", "COLMAP's format")
    with pycolmap.Database.open(out) as database, pycolmap.DatabaseTransaction(database):
        for record in contents:
            width, height = record.image.width, record.image.height
            focal = FOCAL * max(width, height)
            camera = pycolmap.Camera(
                model="SIMPLE_RADIAL",
                width=width,
                height=height,
                params=[focal, width / 2, height / 2, 0.0],
            )
            camera_id = database.write_camera(camera)
            image = pycolmap.Image(name=contents.name(record.image), camera_id=camera_id)
            image_id = database.write_image(image)
            database.write_keypoints(image_id, (record.xy + 0.5).astype(np.float32))

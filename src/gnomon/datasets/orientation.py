"""Annotations made on the stored pixels of a photograph that viewers turn (EXIF orientation)."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags
from PIL import Image as PILImage

from gnomon.errors import DatasetError
from gnomon.foreign import open_regular
from gnomon.geometry import Affine
from gnomon.types import Floats

# by orientation: displayed x and displayed y, each as (times x, times y, plus w or h) of the stored
# point, w and h the largest stored x and y
_TURNS = {
    5: ((0, 1, ""), (1, 0, "")),
    6: ((0, -1, "h"), (1, 0, "")),
    7: ((0, -1, "h"), (-1, 0, "w")),
    8: ((0, 1, ""), (-1, 0, "w")),
}


def to_displayed(
    image: Path, annotated_size: tuple[int, int], content: bytes | None = None
) -> Affine:
    """Map annotated pixels to pixels as displayed.

    ``annotated_size`` (width, height) is what the annotation says of the image, whose file is read
    unless its ``content`` is given. The size decides: where
    it is the displayed size, nothing moves (also for square and for upside-down images, where it
    cannot tell); where it is the stored size alone, the points turn with the image; any other size
    raises ``DatasetError``.
    """
    try:
        opening = open_regular(image) if content is None else BytesIO(content)
        with opening as file, PILImage.open(file) as opened:
            stored = opened.size
            orientation = int(opened.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception as error:  # On damaged input, decoders raise any kind.
        raise DatasetError(f"{image} cannot be read as an image: {error}") from error
    displayed = stored[::-1] if orientation in _TURNS else stored
    if annotated_size == displayed:
        return Affine.identity()
    if annotated_size != stored:
        raise DatasetError(
            f"{image} is {displayed[0]}x{displayed[1]} pixels, but its annotation says "
            f"{annotated_size[0]}x{annotated_size[1]}; use the image that was annotated"
        )
    ends = {"": 0, "w": stored[0] - 1, "h": stored[1] - 1}
    return Affine(np.array([[a, b, ends[end]] for a, b, end in _TURNS[orientation]], dtype=float))


def turn_boxes(turn: Affine, boxes: Floats) -> Floats:
    """Turn boxes (N,4) x, y, width, height with their image."""
    corners = np.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    turned = turn.apply(corners).reshape(-1, 2, 2)
    return np.concatenate([turned.min(axis=1), np.ptp(turned, axis=1)], axis=1)

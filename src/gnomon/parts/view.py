"""The part of a photograph around its keypoints, at the classifier's size."""

from dataclasses import dataclass

import numpy as np
import PIL.Image
import torch

from gnomon.geometry import Affine
from gnomon.images.picture import GROUND, Picture
from gnomon.types import Floats

REACH = 1.5
"""Half of the view's shorter side, in units of the keypoints' spread (``spread_of``)."""
SMALLEST = 8.0
"""The least spread, in file pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """``pixels`` (3,H,W) in [0,1]; ``from_file`` takes file pixels to those of the view."""

    pixels: torch.Tensor
    from_file: Affine


def spread_of(xy: Floats) -> tuple[Floats, float]:
    """Return the middle of points (N,2), N > 0, and the distance that holds 80 % of them."""
    middle = np.median(xy, axis=0)
    away = np.hypot(*(xy - middle).T)
    return middle, max(float(np.quantile(away, 0.8)), SMALLEST)


def view_around(picture: Picture, xy: Floats, size: tuple[int, int]) -> View:
    """Cut out what lies around points (N,2) file pixels and bring it to ``size`` (height, width).

    Its scale is that of the points, so that a far object looks like a near one; ground lies where
    the picture ends.
    """
    height, width = size
    middle, spread = spread_of(xy)
    scale = min(height, width) / (2 * REACH * spread)
    corner = middle - np.array([width, height]) / (2 * scale)
    from_file = Affine(
        np.array([[scale, 0.0, -scale * corner[0] - 0.5], [0.0, scale, -scale * corner[1] - 0.5]])
    )
    canvas = PIL.Image.new("RGB", (width, height), GROUND)
    file_width, file_height = picture.size
    # Whole pixels of the view that lie inside the file, and the box of the file that they show.
    edges = from_file.apply([[-0.5, -0.5], [file_width - 0.5, file_height - 0.5]]) + 0.5
    left, top = np.ceil(np.maximum(edges[0], 0) - 1e-9).astype(int)
    right, bottom = np.floor(np.minimum(edges[1], (width, height)) + 1e-9).astype(int)
    if right > left and bottom > top:
        back = from_file.inverse()
        (x0, y0), (x1, y1) = back.apply([[left - 0.5, top - 0.5], [right - 0.5, bottom - 0.5]])
        box = (
            max(x0 + 0.5, 0.0),
            max(y0 + 0.5, 0.0),
            min(x1 + 0.5, float(file_width)),
            min(y1 + 0.5, float(file_height)),
        )
        shown = PIL.Image.fromarray(picture.rgb).resize(
            (int(right - left), int(bottom - top)), PIL.Image.Resampling.BICUBIC, box=box
        )
        canvas.paste(shown, (int(left), int(top)))
    pixels = torch.from_numpy(np.array(canvas)).permute(2, 0, 1).float().div(255)
    return View(pixels.contiguous(), from_file)

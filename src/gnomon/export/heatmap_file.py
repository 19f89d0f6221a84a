"""A heatmap as a picture that covers its photograph."""

from io import BytesIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gnomon.classifier import Preprocessing
from gnomon.geometry import Affine
from gnomon.images import model_to_file


def heatmap_png(
    values: NDArray[np.float32], file_size: tuple[int, int], seen: Preprocessing
) -> bytes:
    """Draw a map (H,W) as an 8-bit PNG over the whole photograph.

    ``file_size`` is (width, height). What the classifier did not see of the photograph is 0.
    """
    height, width = values.shape
    to_file = model_to_file(file_size, (height, width), seen.resize, seen.crop_fraction)
    grid = Affine.resize((width, height), file_size)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    at = grid.apply(np.stack([x.ravel(), y.ravel()], axis=1))
    column, row = np.rint(to_file.inverse().apply(at)).astype(int).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    low, high = float(values.min()), float(values.max())
    span = max(high - low, np.finfo(np.float32).tiny)
    shown = np.zeros(width * height, dtype=np.uint8)
    shown[inside] = np.rint((values[row[inside], column[inside]] - low) / span * 255)
    buffer = BytesIO()
    PIL.Image.fromarray(shown.reshape(height, width)).save(buffer, "PNG")
    return buffer.getvalue()

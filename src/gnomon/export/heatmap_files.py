"""A run's saved heatmaps as pictures that cover their photograph."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gnomon.classifier import Preprocessing
from gnomon.geometry import Affine
from gnomon.images import model_to_file
from gnomon.runs.store import open_store

KINDS = ("coarse", "fine", "confidence")


def heatmaps(run: str | Path, image_id: str) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Give the maps of an image that were saved: kind and values (H,W) in model pixels."""
    try:
        content = open_store(run).read(f"heatmaps/{image_id}.npz")
    except FileNotFoundError:
        return
    with np.load(BytesIO(content)) as maps:
        for kind in KINDS:
            yield kind, maps[kind]


def write_heatmap(
    values: NDArray[np.float32], file_size: tuple[int, int], seen: Preprocessing, path: Path
) -> None:
    """Write a map (H,W) as an 8-bit PNG over the whole photograph.

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
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(shown.reshape(height, width)).save(path)

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PILImage


@pytest.fixture
def write_image() -> Callable[..., None]:
    """Save a black image with one white pixel at (7, 3) of the stored grid."""

    def write(path: Path, width: int = 40, height: int = 30, orientation: int = 1) -> None:
        pixels: NDArray[np.uint8] = np.zeros((height, width, 3), dtype=np.uint8)
        pixels[3, 7] = 255
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = PILImage.Exif()
        exif[0x0112] = orientation
        PILImage.fromarray(pixels).save(path, exif=exif)

    return write

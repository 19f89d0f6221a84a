"""A small photograph-like picture, and ways to put it into files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]


@pytest.fixture
def rgb() -> Rgb:
    """16x24, every corner of another color, every pixel another than its neighbors."""
    y, x = np.mgrid[:16, :24]
    return np.stack([x * 10, y * 15, (x * 5 + y * 7) % 256], axis=-1).astype(np.uint8)


@pytest.fixture
def in_file(tmp_path: Path) -> Callable[..., Path]:
    def save(image: PIL.Image.Image, name: str, **options: Any) -> Path:
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save

"""Pictures whose color is their class."""

from pathlib import Path

import numpy as np
import PIL.Image

COLORS = ("red", "green", "blue")


def paint(path: Path, color: str, seed: int) -> None:
    """Save a noisy picture of one color."""
    pixels = np.random.default_rng(seed).integers(0, 90, (40, 50, 3), dtype=np.uint8)
    pixels[..., COLORS.index(color)] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)

"""Pictures whose colour is their class."""

from pathlib import Path

import numpy as np
import PIL.Image

COLOURS = ("red", "green", "blue")


def paint(path: Path, colour: str, seed: int) -> None:
    """Save a noisy picture of one colour."""
    pixels = np.random.default_rng(seed).integers(0, 90, (40, 50, 3), dtype=np.uint8)
    pixels[..., COLOURS.index(colour)] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)

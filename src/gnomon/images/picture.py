"""A decoded image, as a viewer shows it."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import PIL.Image
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

GROUND = (128, 128, 128)
"""The neutral gray under transparent pixels and around padded pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image at its own resolution: ``rgb`` (h,w,3) uint8, and the path or ``name`` it has."""

    rgb: Rgb
    name: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def within(self, side: int) -> "Picture":
        """Make the picture smaller, so that neither side is longer than ``side``; or leave it."""
        scale = side / max(self.size)
        if scale >= 1:
            return self
        width, height = (max(1, round(length * scale)) for length in self.size)
        box = PIL.Image.Resampling.BOX
        small = PIL.Image.fromarray(self.rgb).resize((width, height), box)
        return Picture(np.array(small), self.name)

    @property
    def content_hash(self) -> str:
        """The SHA-256, as 64 hexadecimal digits, of the pixels and their shape.

        It is the same whether the picture came from a file, an array or a tensor.
        """
        digest = sha256(repr(self.rgb.shape).encode())
        digest.update(np.ascontiguousarray(self.rgb).data)
        return digest.hexdigest()

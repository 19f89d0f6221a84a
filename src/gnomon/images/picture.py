"""A decoded image, as a viewer shows it."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

GROUND = (128, 128, 128)
"""The neutral grey under transparent pixels and around padded pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image at its own resolution: ``rgb`` (h,w,3) uint8, and the path or ``name`` it has."""

    rgb: Rgb
    name: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]

    @property
    def content_hash(self) -> str:
        """The SHA-256, as 64 hexadecimal digits, of the pixels and their shape.

        It is the same whether the picture came from a file, an array or a tensor.
        """
        digest = sha256(repr(self.rgb.shape).encode())
        digest.update(np.ascontiguousarray(self.rgb).data)
        return digest.hexdigest()

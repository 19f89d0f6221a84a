"""What lies between a photograph's pixels and a network's input."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from numbers import Integral
from typing import Annotated, Any, Literal, Self

import torch
from torch import Tensor

from gnomon.arguments import Also, checked_class
from gnomon.errors import SettingError
from gnomon.images import Interpolation, Resize

Channels = Literal["rgb", "bgr"]
Triple = tuple[float, float, float]

MOST_PIXELS = 2**24
"""Of a network's input; more is a mistake, and would take all memory."""


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How a photograph becomes a network's input.

    ``size`` (height, width) in pixels; ``resize`` squashes the whole picture to that size, pads it,
    or scales its shorter side to ``size / crop_fraction`` and crops the center. ``mean`` and
    ``std`` are in the network's own channel order and in units where white is ``scale`` (1 or 255).
    Raises ``SettingError`` for what is not allowed.
    """

    size: Annotated[tuple[int, int], Also(int)] = (224, 224)
    resize: Resize = "squash"
    crop_fraction: float = 0.875
    interpolation: Interpolation = "bilinear"
    mean: Triple = (0.485, 0.456, 0.406)
    std: Triple = (0.229, 0.224, 0.225)
    channels: Channels = "rgb"
    scale: Literal[1, 255] = 1

    def __post_init__(self) -> None:
        size: Any = self.size
        sides = (size, size) if isinstance(size, Integral) else size
        object.__setattr__(self, "size", tuple(map(int, sides)))
        object.__setattr__(self, "mean", tuple(map(float, self.mean)))
        object.__setattr__(self, "std", tuple(map(float, self.std)))
        if not min(self.size) > 0:
            raise SettingError(f"size is (height, width) in whole pixels, not {self.size}")
        if self.size[0] * self.size[1] > MOST_PIXELS:
            raise SettingError(f"size is {self.size}; it is {MOST_PIXELS} pixels at most")
        for field in ("mean", "std"):
            values = getattr(self, field)
            if not all(math.isfinite(value) for value in values):
                raise SettingError(f"{field} is three finite numbers, not {values}")
        if not min(self.std) > 0:
            raise SettingError(f"std is three numbers above 0, not {self.std}")
        if not 0 < self.crop_fraction <= 1:
            raise SettingError(f"crop_fraction is {self.crop_fraction}; it is in (0, 1]")

    def normalize(self, pixels: Tensor) -> Tensor:
        """Turn RGB pixels (...,3,H,W) in [0,1] into the network's input, of the same dtype.

        Differentiable; the size is left as it is.
        """
        if self.channels == "bgr":
            pixels = pixels.flip(-3)
        mean = torch.tensor(self.mean, dtype=pixels.dtype, device=pixels.device)
        std = torch.tensor(self.std, dtype=pixels.dtype, device=pixels.device)
        return (pixels * self.scale - mean[:, None, None]) / std[:, None, None]

    def resized(self, size: int | tuple[int, int] | None, resize: Resize | None) -> Self:
        """Change the size (one number: a square), the way to get there, or neither (``None``)."""
        side = (size, size) if isinstance(size, int) else size
        return replace(
            self,
            size=self.size if side is None else side,
            resize=self.resize if resize is None else resize,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them; ``from_dict`` takes them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make one from the fields by name; ``SettingError`` for a name that is none."""
        return cls(**values)

"""What a network sees of a photograph: as it will be used, and varied while it learns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gnomon.classifier import Preprocessing
from gnomon.images import load_image

MARGIN = 8 / 7
AREA = (0.4, 1.0)
STRETCH = 4 / 3
COLOR = 0.3


@dataclass(frozen=True, slots=True)
class PlainView:
    """The photograph exactly as the classifier will get it."""

    preprocessing: Preprocessing

    def canvas(self, image: Path) -> Tensor:
        """Load an image as (3,H,W) uint8 of the model's size."""
        return _load(image, self.preprocessing, 1.0)

    def vary(self, canvas: Tensor) -> Tensor:
        """Return the pixels in [0,1], unvaried."""
        return canvas.float() / 255


@dataclass(frozen=True, slots=True)
class VariedView:
    """Random crops, flips and colors around what the classifier will get.

    The canvas is brought to 8/7 of the model's size by the preprocessing's own way of resizing, so
    that squashed, padded and cropped pictures are varied as such. A crop covers 0.4 to all of it.
    """

    preprocessing: Preprocessing
    flip: bool

    def canvas(self, image: Path) -> Tensor:
        """Load an image as (3,H,W) uint8, 8/7 of the model's size."""
        return _load(image, self.preprocessing, MARGIN)

    def vary(self, canvas: Tensor) -> Tensor:
        """Draw one variation with torch's global generator; pixels in [0,1] of the model's size."""
        from torchvision.transforms import v2

        height, width = self.preprocessing.size
        ratio = (width / height / STRETCH, width / height * STRETCH)
        steps: list[Any] = [v2.RandomResizedCrop((height, width), AREA, ratio, antialias=True)]
        if self.flip:
            steps.append(v2.RandomHorizontalFlip())
        steps += [v2.ColorJitter(COLOR, COLOR, COLOR), v2.ToDtype(torch.float32, scale=True)]
        varied: Tensor = v2.Compose(steps)(canvas)
        return varied


def _load(image: Path, preprocessing: Preprocessing, margin: float) -> Tensor:
    height, width = (round(side * margin) for side in preprocessing.size)
    pixels = load_image(
        image,
        size=(height, width),
        resize=preprocessing.resize,
        crop_fraction=min(1.0, preprocessing.crop_fraction * margin),
        interpolation=preprocessing.interpolation,
    ).pixels
    return pixels.mul(255).round().to(torch.uint8)

"""From a picture at its own resolution to model size, and the exact way back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import PIL.Image
import torch

from gnomon.arguments import checked
from gnomon.errors import ImageError, SettingError, unknown_name
from gnomon.geometry import Affine
from gnomon.images.decode import Source, decode
from gnomon.images.picture import GROUND
from gnomon.limits import MAX_PIXELS
from gnomon.types import Image

Resize = Literal["squash", "pad", "crop"]
Interpolation = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
Size = tuple[int, int]


@checked
def load_image(
    source: Source,
    *,
    size: Size,
    resize: Resize = "squash",
    crop_fraction: float = 1.0,
    interpolation: Interpolation = "bilinear",
    working_size: int | None = None,
) -> Image:
    """Decode one image and bring it to model size, antialiased.

    ``size`` (height, width) in pixels. ``squash`` scales the whole picture to exactly that size;
    ``pad`` keeps its aspect and centers it on neutral gray; ``crop`` scales it to cover
    ``size / crop_fraction`` and cuts out the center, as torchvision's ``Resize`` and ``CenterCrop``
    do. ``to_file`` of the result takes its pixels to those of the file exactly, the rounding of
    sizes included. With a ``working_size`` the result has the file's ``detail`` as well, its longer
    side at most so long. Raises ``ImageError`` as ``decode`` does, ``SettingError`` for an argument
    that is not allowed.
    """
    if len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
        raise SettingError(f"size is (height, width) in whole pixels, not {size}")
    if not 0 < crop_fraction <= 1:
        raise SettingError(f"crop_fraction is {crop_fraction}; it is above 0 and at most 1")
    if interpolation not in get_args(Interpolation):
        raise SettingError(unknown_name("interpolation", interpolation, get_args(Interpolation)))
    if resize not in PLACEMENTS:
        raise SettingError(unknown_name("resize", resize, PLACEMENTS))

    picture = decode(source)
    model = (size[1], size[0])
    placed = PLACEMENTS[resize](picture.size, model, crop_fraction)
    if placed.scaled[0] * placed.scaled[1] > MAX_PIXELS:
        raise ImageError(
            f"{picture.name}: {picture.size[0]}x{picture.size[1]} pixels are too long and narrow "
            "for resize='crop'; use 'pad' or 'squash'"
        )
    resample = PIL.Image.Resampling[interpolation.upper()]
    canvas = PIL.Image.new("RGB", model, GROUND)
    canvas.paste(PIL.Image.fromarray(picture.rgb).resize(placed.scaled, resample), placed.corner)
    pixels = torch.from_numpy(np.array(canvas)).permute(2, 0, 1).float().div(255)
    return Image(
        pixels=pixels.contiguous(),
        source=picture.name,
        content_hash=picture.content_hash,
        size=picture.size,
        to_file=placed.to_file(picture.size),
        detail=None if working_size is None else picture.within(working_size).rgb,
    )


def model_to_file(file: Size, size: Size, resize: Resize, crop_fraction: float) -> Affine:
    """Take pixels at model ``size`` (height, width) to those of a file (width, height)."""
    return PLACEMENTS[resize](file, (size[1], size[0]), crop_fraction).to_file(file)


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture ``scaled`` to (width, height), its ``corner`` at that model pixel (x, y).

    A negative corner lies outside the model's view.
    """

    scaled: Size
    corner: Size

    def to_file(self, file: Size) -> Affine:
        """Take model pixels to those of the file, of size (width, height)."""
        left, top = self.corner
        return Affine.translation(-left, -top).then(Affine.resize(self.scaled, file))


def _squash(file: Size, model: Size, crop_fraction: float) -> Placement:
    return Placement(model, (0, 0))


def _pad(file: Size, model: Size, crop_fraction: float) -> Placement:
    scale = min(model[0] / file[0], model[1] / file[1])
    width, height = (max(1, round(side * scale)) for side in file)
    return Placement((width, height), ((model[0] - width) // 2, (model[1] - height) // 2))


def _crop(file: Size, model: Size, crop_fraction: float) -> Placement:
    width, height = (round(side / crop_fraction) for side in model)
    if width * file[1] >= height * file[0]:
        height = width * file[1] // file[0]
    else:
        width = height * file[0] // file[1]
    corner = (round((model[0] - width) / 2), round((model[1] - height) / 2))
    return Placement((width, height), corner)


PLACEMENTS: dict[str, Callable[[Size, Size, float], Placement]] = {
    "squash": _squash,
    "pad": _pad,
    "crop": _crop,
}

"""Every kind of Pillow image to 8-bit RGB, as a viewer shows it."""

from collections.abc import Callable

import numpy as np
import PIL.Image
from PIL import ExifTags, ImageCms

from gnomon.errors import ImageError
from gnomon.images.arrays import Pixels, eight_bits, over_ground
from gnomon.images.picture import Rgb

UPRIGHT: dict[int, Callable[[Rgb], Rgb]] = {
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: rgb[::-1].transpose(1, 0, 2),
    7: lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    8: lambda rgb: rgb[:, ::-1].transpose(1, 0, 2),
}
"""EXIF orientation (CIPA DC-008, tag 0x0112) to what turns the stored picture upright."""


def rgb_from_pillow(image: PIL.Image.Image, name: str) -> Rgb:
    """Turn a Pillow image of any mode into RGB (h,w,3), EXIF orientation applied.

    Of an animation, the frame that the image stands at. The image itself stays as it is.
    """
    image.load()
    rgb = _rgb(image, name)
    # Orientation is read after load(): some of Pillow's decoders apply and delete it there.
    turn = UPRIGHT.get(_orientation(image))
    return rgb if turn is None else np.ascontiguousarray(turn(rgb))


def _orientation(image: PIL.Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Damaged EXIF raises anything; it says nothing about sound pixels.
        return 1


def _rgb(image: PIL.Image.Image, name: str) -> Rgb:
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _deep_grey(np.asarray(image), name)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(image)
    if image.has_transparency_data:
        return over_ground(image)
    return np.array(image.convert("RGB"))


def _deep_grey(values: Pixels, name: str) -> Rgb:
    """Bring grey of more than 8 bits to 8.

    16-bit integers and floats in [0,1] span their range; any other integers and floats, whose white
    the file does not state, are stretched from the least to the greatest.
    """
    if values.dtype.itemsize == 2:
        return eight_bits(values, name)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ImageError(f"{name}: its pixels hold NaN or infinity; replace them with numbers")
    if low >= 0 and high <= 65535 and values.dtype.kind != "f":
        return eight_bits(values.astype(np.uint16), name)
    if low < 0 or high > 1:
        values = (values.astype(np.float64) - low) / max(high - low, np.finfo(np.float64).tiny)
    return eight_bits(values, name)

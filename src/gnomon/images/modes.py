"""Every kind of Pillow image to 8-bit RGB, as a viewer shows it."""

from collections.abc import Callable, Iterator

import numpy as np
import PIL.Image
from PIL import ExifTags, ImageCms

from gnomon.errors import ImageError
from gnomon.images.arrays import Pixels, eight_bits, over_ground
from gnomon.images.picture import Rgb

STORED: dict[int, Callable[[Rgb], Rgb]] = {
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: rgb.transpose(1, 0, 2)[::-1],
    7: lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    8: lambda rgb: rgb.transpose(1, 0, 2)[:, ::-1],
}
"""EXIF orientation (CIPA DC-008, tag 0x0112) to the view of an upright picture as it is stored."""

BAND = 1 << 20
"""Pixels that are converted at a time, so that a picture is never in memory in three forms."""


def rgb_from_pillow(image: PIL.Image.Image, name: str) -> Rgb:
    """Turn a Pillow image of any mode into RGB (h,w,3), EXIF orientation applied.

    Of an animation, the frame that the image stands at. The image itself stays as it is.
    """
    image.load()
    # Orientation is read after load(): some of Pillow's decoders apply and delete it there.
    orientation = _orientation(image)
    width, height = image.size
    upright = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    rgb = np.empty((*upright, 3), np.uint8)
    stored = STORED[orientation](rgb) if orientation in STORED else rgb
    convert = _conversion(image, name)
    for top, band in _bands(image):
        stored[top : top + band.height] = convert(band)
    return rgb


def _bands(image: PIL.Image.Image) -> Iterator[tuple[int, PIL.Image.Image]]:
    """Cut an image into bands of some rows, each with the number of its first."""
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _orientation(image: PIL.Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Damaged EXIF raises anything; it says nothing about sound pixels.
        return 1


def _conversion(image: PIL.Image.Image, name: str) -> Callable[[PIL.Image.Image], Rgb]:
    """Choose what makes bands of an image RGB."""
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _deep_grey(image, name)
        return lambda band: grey(np.asarray(band))[..., None]
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        return lambda band: np.asarray(transform.apply(band))
    if image.has_transparency_data:
        return over_ground
    return lambda band: np.asarray(band.convert("RGB"))


def _deep_grey(image: PIL.Image.Image, name: str) -> Callable[[Pixels], Rgb]:
    """Choose what brings grey of more than 8 bits to 8.

    16-bit integers and floats in [0,1] span their range; any other integers and floats, whose white
    the file does not state, are stretched from the least to the greatest.
    """
    kind = np.asarray(image.crop((0, 0, 1, 1))).dtype
    if kind.itemsize == 2:
        return lambda values: eight_bits(values, name)
    ends = [
        (values.min(), values.max()) for _, band in _bands(image) for values in [np.asarray(band)]
    ]
    low, high = float(np.min(ends)), float(np.max(ends))
    if not np.isfinite([low, high]).all():
        raise ImageError(f"{name}: its pixels hold NaN or infinity; replace them with numbers")
    if low >= 0 and high <= 65535 and kind.kind != "f":
        return lambda values: eight_bits(values.astype(np.uint16), name)
    if low < 0 or high > 1:
        span = max(high - low, float(np.finfo(np.float64).tiny))
        return lambda values: eight_bits((values.astype(np.float64) - low) / span, name)
    return lambda values: eight_bits(values, name)

"""Every kind of Pillow image to 8-bit RGB, as a viewer shows it."""

from collections.abc import Callable, Iterator

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
from PIL import ExifTags, ImageCms

from gnomon.images.arrays import over_ground
from gnomon.images.deep import deep_gray, is_signed, mend_order, refuse_lost_bits
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
    if isinstance(image, PIL.TiffImagePlugin.TiffImageFile):
        mend_order(image)
    of_16_bits = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    image.load()
    if of_16_bits and image.mode in ("LA", "RGB", "RGBA", "RGBX"):
        refuse_lost_bits(image, name)
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
    if image.mode == "F" or image.mode.startswith("I") or (image.mode == "L" and is_signed(image)):
        gray = deep_gray(image, lambda: (np.asarray(band) for _, band in _bands(image)), name)
        return lambda band: gray(np.asarray(band))[..., None]
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        return lambda band: np.asarray(transform.apply(band))
    if image.has_transparency_data:
        return over_ground
    return lambda band: np.asarray(band.convert("RGB"))

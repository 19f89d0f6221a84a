"""Pixels of more than 8 bits, or of signs, to 8: which values are black and white.

A TIFF states the bits of its samples, whether they have signs, and which end is white; what it does
not state is how many of 16 or 32 bits are used. So white is the greatest value of the fewest usual
bits that hold every pixel: 12-bit pixels in 16 are not nearly black.
"""

import logging
from collections.abc import Callable, Iterator

import numpy as np
import PIL.Image
import PIL.ImageFile

from gnomon.errors import ImageError
from gnomon.images.arrays import Pixels, eight_bits
from gnomon.images.picture import Rgb

USUAL_BITS = (8, 10, 12, 14, 16, 24, 32)
SCALED_BY_PILLOW = ("PPM", "JPEG2000")
"""Formats that state their greatest value, which Pillow makes the greatest of 16 bits."""

BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
WHITE_IS_ZERO, SIGNED = 0, 2

NATIVE_ORDER = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}
"""What libtiff gives where Pillow expects the order of the file."""

Bands = Callable[[], Iterator[Pixels]]

_log = logging.getLogger(__name__)


def mend_order(image: PIL.ImageFile.ImageFile) -> None:
    """See that Pillow, when it loads a compressed TIFF, swaps no bytes that libtiff has swapped."""
    image.tile = [
        tile._replace(args=(NATIVE_ORDER.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        if tile.codec_name == "libtiff" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]


def is_signed(image: PIL.Image.Image) -> bool:
    """Return whether a file's integers have signs."""
    return SIGNED in _stated(image, SAMPLE_FORMAT)


def deep_gray(image: PIL.Image.Image, bands: Bands, name: str) -> Callable[[Pixels], Rgb]:
    """Choose what brings gray to 8 bits; ``bands`` gives the image's values, some rows at a time.

    Integers go from the least to the greatest value of the fewest usual bits that hold them all.
    Floats in [0,1] span their range; other floats, whose white the file does not state, are
    stretched from the least to the greatest. The range is a line of the log ``gnomon.images.deep``.
    """
    typed = _typed(image)
    ends = [(values.min(), values.max()) for values in map(typed, bands())]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if not np.isfinite([low, high]).all():
        raise ImageError(f"{name}: its pixels hold NaN or infinity; replace them with numbers")
    if isinstance(low, np.floating):
        black, white = (0.0, 1.0) if low >= 0 and high <= 1 else (float(low), float(high))
    else:
        black, white = _integer_range(image, int(low), int(high))
    if WHITE_IS_ZERO in _stated(image, PHOTOMETRIC) and image.mode != "L":  # which Pillow inverts
        black, white = white, black
    _log.info("%s: pixels from %g to %g; %g is black, %g is white", name, low, high, black, white)
    if (black, white) == (0, 65535):
        return lambda values: eight_bits(typed(values).astype(np.uint16), name)
    span = (white - black) or float(np.finfo(np.float64).tiny)
    return lambda values: eight_bits((typed(values).astype(np.float64) - black) / span, name)


def refuse_lost_bits(image: PIL.Image.Image, name: str) -> None:
    """Raise ``ImageError`` where 16-bit color lies in the lower bits, which Pillow does not read.

    ``image`` is loaded.
    """
    bands = (band for band in image.getbands() if band != "A")
    greatest = max(np.asarray(image.getchannel(band)).max() for band in bands)
    if greatest < 16:
        raise ImageError(
            f"{name}: its colors have 16 bits, of which it uses at most 12, and the lower ones "
            "are not read; scale them to all 16 bits, or save it with 8"
        )


def _stated(image: PIL.Image.Image, tag: int) -> tuple[int, ...]:
    """Return the values of a TIFF's tag; none where the image is no TIFF, or does not state it."""
    value = getattr(image, "tag_v2", {}).get(tag, ())
    return value if isinstance(value, tuple) else (value,)


def _typed(image: PIL.Image.Image) -> Callable[[Pixels], Pixels]:
    """Choose what makes Pillow's values those of the file's own type."""
    if image.mode == "L":  # 8 bits with signs, which Pillow reads without
        return lambda values: values.view(np.int8)
    if image.mode == "I" and 32 in _stated(image, BITS) and not is_signed(image):
        return lambda values: values.view(np.uint32)
    return lambda values: values


def _integer_range(image: PIL.Image.Image, low: int, high: int) -> tuple[float, float]:
    """Return what is black and white among integers from ``low`` to ``high``."""
    signed = is_signed(image) or low < 0
    stated = _stated(image, BITS)[:1] or (8 * np.asarray(image.crop((0, 0, 1, 1))).itemsize,)
    if stated[0] not in (16, 32):
        usual: tuple[int, ...] = stated
    elif image.format in SCALED_BY_PILLOW or (image.format is None and image.mode != "I"):
        usual = (16,)
    else:
        usual = USUAL_BITS
    if low < 0 or (signed and stated[0] == 8):
        half = next(
            2 ** (bits - 1)
            for bits in usual
            if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1)
        )
        return -half, half - 1
    if signed:
        usual = tuple(sorted({*usual, 15, 31}))
    return 0, next(2**bits for bits in usual if high < 2**bits) - 1

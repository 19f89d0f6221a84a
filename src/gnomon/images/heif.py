"""HEIC and HEIF, which Pillow reads with pillow-heif's help.

libheif turns and mirrors the pixels as the file says, and pillow-heif takes the orientation out of
the EXIF data, so nothing is turned twice.
"""

from io import BytesIO

import PIL.Image

from gnomon.errors import ImageError, SettingError
from gnomon.extras import library

HEVC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
GENERAL = frozenset({b"mif1", b"msf1", b"mif2"})
"""Brands of files that hold HEVC, and of those that may hold AV1 as well (ISO/IEC 23008-12)."""


def is_heif(content: bytes) -> bool:
    """Return whether a file's brands say that it holds pictures coded as HEVC."""
    if content[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(content[:4]), 256)
    brands = {content[at : at + 4] for at in range(16, end - 3, 4)}
    major = content[8:12]
    return major in HEVC or (major in GENERAL and not HEVC.isdisjoint(brands))


def open_heif(content: bytes, name: str) -> PIL.Image.Image:
    """Open a file that `is_heif`; ``ImageError`` where the library is missing."""
    try:
        plugin = library("pillow_heif", "heif", "HEIC")
    except SettingError as error:
        raise ImageError(f"{name}: {error}, or save it as JPEG") from error
    opened: PIL.Image.Image = plugin.HeifImageFile(BytesIO(content))
    return opened

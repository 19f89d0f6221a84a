"""Images from a browser: bounded in size and kind, and never a path of this machine."""

from gnomon.errors import ImageError
from gnomon.images import Limits, Picture, decode

ADDRESS = "/image"
MAX_BYTES = 32 * 2**20
MAX_REQUEST = 34 * 2**20
"""Bytes of the largest request: an upload and what is wrapped around it."""
TOO_LARGE = f"too large; at most {MAX_BYTES // 2**20} MiB are taken, make it smaller"
LIMITS = Limits(max_pixels=50_000_000)
KINDS = ".jpg,.jpeg,.png,.webp,.bmp,.gif,.tif,.tiff,.avif"
ARRIVING, SECONDS = 4, 120.0
"""How many images arrive at once, and how long one may take."""


def picture_from(name: str, content: bytes) -> Picture:
    """Decode what a browser sent; ``ImageError`` says what is wrong with it.

    The name is shown and never used to find a file.
    """
    if not name or len(name) > 255 or any(sign in name for sign in "/\\\0") or name in (".", ".."):
        raise ImageError(f"{name[:80]!r} is no file's name; rename the image and send it again")
    if len(content) > MAX_BYTES:
        raise ImageError(f"{name}: {TOO_LARGE}")
    return decode(content, limits=LIMITS, name=name)

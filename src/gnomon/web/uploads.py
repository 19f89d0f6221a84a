"""Images from a browser: bounded in size and kind, and never a path of this machine."""

from gnomon.errors import ImageError
from gnomon.images import Picture, decode

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 50_000_000
KINDS = ".jpg,.jpeg,.png,.webp,.bmp,.gif,.tif,.tiff,.avif"


def picture_from(name: str, content: bytes) -> Picture:
    """Decode what a browser sent; ``ImageError`` says what is wrong with it.

    The name is shown and never used to find a file.
    """
    if not name or len(name) > 255 or any(sign in name for sign in "/\\\0") or name in (".", ".."):
        raise ImageError(f"{name[:80]!r} is no file's name; rename the image and send it again")
    if len(content) > MAX_BYTES:
        raise ImageError(f"{name}: {too_large(len(content))}")
    try:
        picture = decode(content, max_pixels=MAX_PIXELS)
    except ImageError as error:
        raise ImageError(str(error).replace("bytes", name, 1)) from error
    return Picture(picture.rgb, name)


def too_large(size: int) -> str:
    """Say that a file is too large.

    >>> too_large(40 * 2**20)
    'too large (40 MiB); at most 32 MiB are taken, make it smaller'
    """
    return (
        f"too large ({size / 2**20:.0f} MiB); at most {MAX_BYTES // 2**20} MiB are taken,"
        " make it smaller"
    )

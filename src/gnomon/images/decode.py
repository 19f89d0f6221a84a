"""Any source of one image to a picture, or to an error that says what is wrong with it."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from gnomon.errors import ImageError, LimitError
from gnomon.images.arrays import rgb_from_array, rgb_from_tensor
from gnomon.images.files import images_in
from gnomon.images.heif import is_heif, open_heif
from gnomon.images.jpeg_end import paddings
from gnomon.images.modes import rgb_from_pillow
from gnomon.images.picture import Picture, Rgb
from gnomon.images.raws import is_raw
from gnomon.images.read import read_bytes
from gnomon.images.webp import padded_webp, webp_size
from gnomon.limits import Limits

Source: TypeAlias = str | Path | bytes | PIL.Image.Image | NDArray[Any] | torch.Tensor | Picture
"""One image: a path, a file's bytes, a Pillow image, an array, a tensor, or one decoded before."""

RUNS_A_PROGRAM = {"EPS"}
NO_MORE = Limits()

PIXEL, PLAIN, PROGRESSIVE = 3, 8, 12
BYTES_A_PIXEL = {"AVIF": 13, "HEIF": 16, "JPEG2000": 25, "WEBP": 17}
"""Memory that decoding takes at its peak, as measured: Pillow's 4 bytes a pixel, our 3, and what a
format's own decoder needs besides."""

# Warning filters belong to the whole process: one thread at a time may change them.
_WARNINGS = Lock()


def decode(source: Source, *, limits: Limits = NO_MORE, name: str | None = None) -> Picture:
    """Decode one image at its own resolution, as a viewer shows it.

    EXIF orientation is applied, transparency laid over neutral gray, deep gray scaled to 8 bits; an
    animation gives its first frame. Arrays and tensors are as in ``gnomon.images.arrays``. A file's
    bytes go by ``name``. Raises ``ImageError``, naming the source, for what is missing, empty,
    damaged, cut short (but for its ending alone) or no image, its kind ``LimitError`` for what is
    beyond ``limits``; Pillow's own limit of pixels holds as well.
    """
    try:
        return _picture(source, limits, name)
    except MemoryError as error:
        raise LimitError(
            f"{name or str(source)[:200]}: memory ran out while it was decoded; make it smaller"
        ) from error


def _picture(source: Source, limits: Limits, name: str | None) -> Picture:
    match source:
        case Picture():
            return source
        case str() | Path():
            return Picture(_rgb_from_path(str(source), limits), str(source))
        case bytes():
            name = name or "bytes"
            return Picture(rgb_from_bytes(source, name, limits), name)
        case PIL.Image.Image():
            name = name or str(getattr(source, "filename", "") or "PIL image")
            with _errors_about(name):
                return Picture(_rgb_within(source, name, limits), name)
        case np.ndarray():
            return Picture(rgb_from_array(source, "array"), "array")
        case torch.Tensor():
            return Picture(rgb_from_tensor(source, "tensor"), "tensor")
    raise ImageError(
        f"{type(source).__name__}: not a source of an image; "
        "give a path, a PIL image, an array, a tensor or a file's bytes"
    )


def _rgb_from_path(path: str, limits: Limits) -> Rgb:
    refuse_folder(path, path)
    return rgb_from_bytes(read_bytes(path, limits), path, limits)


def refuse_folder(path: str, name: str) -> None:
    """Raise the ``ImageError`` that a folder in place of an image is."""
    if not os.path.isdir(path):
        return
    try:
        os.scandir(path).close()
    except OSError as error:
        raise ImageError(f"{name}: cannot be opened ({error.strerror}); check the path") from error
    if any(str(one) != path for one in images_in(Path(path))):
        raise ImageError(f"{name}: a folder, not an image; give one of the images in it")
    raise ImageError(
        f"{name}: a folder in which no image was found; "
        "check the path, or name files of unusual suffix one by one"
    )


def rgb_from_bytes(content: bytes, name: str, limits: Limits) -> Rgb:
    """Decode a file's bytes as ``decode`` does; ``MemoryError`` where that runs out."""
    if not content:
        raise ImageError(f"{name}: empty (0 bytes); fetch or copy it again")
    if (size := webp_size(content)) is not None:  # which takes memory when it is opened already
        _refuse_costly(name, size, len(content), BYTES_A_PIXEL["WEBP"], limits)
        content = padded_webp(content)
    if (padded := next(endings := paddings(content, name), None)) is None:
        return _rgb_opened(content, name, limits)
    rgb = _rgb_opened(padded, name, limits, PIXEL)
    for padded in endings:
        if not np.array_equal(rgb, _rgb_opened(padded, name, limits, PIXEL)):
            raise ImageError(f"{name}: cut short (its last rows are missing); fetch it again")
    return rgb


def _rgb_opened(content: bytes, name: str, limits: Limits, beside: int = 0) -> Rgb:
    """Decode a file's bytes, with so many bytes a pixel of another picture in memory."""
    with _errors_about(name), _opened(content, name) as image:
        if image.format == "TIFF" and is_raw(name):
            raise ImageError(
                f"{name}: a camera raw, of which only a thumbnail could be read; develop it first,"
                " and give the TIFF or JPEG"
            )
        return _rgb_within(image, name, limits, len(content), beside)


def _opened(content: bytes, name: str) -> PIL.Image.Image:
    if is_heif(content):
        return open_heif(content, name)
    PIL.Image.init()
    formats = [kind for kind in PIL.Image.OPEN if kind not in RUNS_A_PROGRAM]
    return PIL.Image.open(BytesIO(content), formats=formats)


def _rgb_within(
    image: PIL.Image.Image, name: str, limits: Limits, file: int = 0, beside: int = 0
) -> Rgb:
    """Decode an image whose ``file`` takes so many bytes, where no limit is met."""
    width, height = image.size
    if width * height == 0:
        raise ImageError(f"{name}: {width}x{height} pixels; an image has at least one")
    if width * height > limits.max_pixels:
        raise LimitError(
            f"{name}: too large ({width}x{height} pixels); at most max_pixels = "
            f"{limits.max_pixels:,} are read: make it smaller, or raise it (gnomon detect"
            " --max-pixels)"
        )
    _refuse_costly(name, image.size, file, bytes_a_pixel(image) + beside, limits)
    frames = _frames(image)
    if frames > limits.max_frames:
        raise LimitError(
            f"{name}: holds {frames:,} frames; at most max_frames = {limits.max_frames:,} are"
            " allowed: save the first alone, or raise it (gnomon detect --max-frames)"
        )
    return rgb_from_pillow(image, name)


def _refuse_costly(name: str, size: tuple[int, int], file: int, each: int, limits: Limits) -> None:
    """Raise ``LimitError`` where a file and ``each`` byte of a pixel take too much memory."""
    need = (file + size[0] * size[1] * each) / 2**20
    if need > limits.max_memory_mb:
        raise LimitError(
            f"{name}: too large ({size[0]}x{size[1]} pixels, whose decoding takes {need:,.0f} MB);"
            f" at most max_memory_mb = {limits.max_memory_mb:,g} MB may be taken: make it smaller,"
            " or raise it (--max-memory-mb)"
        )


def bytes_a_pixel(image: PIL.Image.Image) -> int:
    """Estimate how many bytes decoding takes for a pixel of an opened image, at its peak."""
    if image.info.get("progressive"):
        return PROGRESSIVE
    return BYTES_A_PIXEL.get(image.format or "", PLAIN)


def _frames(image: PIL.Image.Image) -> int:
    """Count frames or pages; one where a later one is damaged, for only the first is used."""
    place = image.tell()
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # On damaged input, decoders raise any kind.
        return 1
    finally:
        if image.tell() != place:
            image.seek(place)


@contextmanager
def _errors_about(name: str) -> Iterator[None]:
    """Make whatever a decoder raises an ``ImageError``, and let none of its warnings out."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (ImageError, MemoryError):
            raise
        except PIL.UnidentifiedImageError as error:
            raise ImageError(
                f"{name}: not an image of a kind that Pillow reads, or damaged at its start; "
                "save it as PNG or JPEG"
            ) from error
        except PIL.Image.DecompressionBombError as error:
            raise LimitError(
                f"{name}: too large ({error}); make it smaller, or raise Pillow's own limit"
                " (PIL.Image.MAX_IMAGE_PIXELS in Python)"
            ) from error
        except Exception as error:  # On damaged input, decoders raise any kind.
            reason = str(error) or type(error).__name__
            if "memory" in reason.lower():  # as some decoders say it
                raise MemoryError(reason) from error
            raise ImageError(
                f"{name}: damaged or cut short ({reason}); fetch it or save it again"
            ) from error

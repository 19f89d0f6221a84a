"""Any source of one image to a picture, or to an error that says what is wrong with it."""

import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from gnomon.errors import ImageError
from gnomon.images.arrays import rgb_from_array, rgb_from_tensor
from gnomon.images.files import images_in
from gnomon.images.modes import rgb_from_pillow
from gnomon.images.picture import Picture, Rgb

Source: TypeAlias = str | Path | bytes | PIL.Image.Image | NDArray[Any] | torch.Tensor | Picture
"""One image: a path, a file's bytes, a Pillow image, an array, a tensor, or one decoded before."""

MAX_PIXELS = 178_956_970
"""As many as Pillow reads before it calls a file a decompression bomb."""

RUNS_A_PROGRAM = {"EPS"}

# Warning filters belong to the whole process: one thread at a time may change them.
_WARNINGS = Lock()


def decode(source: Source, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode one image at its own resolution, as a viewer shows it.

    EXIF orientation is applied, transparency laid over neutral grey, deep grey scaled to 8 bits; an
    animation gives its first frame. Arrays and tensors are as in ``gnomon.images.arrays``. Raises
    ``ImageError``, naming the source, for what is missing, empty, damaged, cut short, no image, or
    of more than ``max_pixels`` pixels; above ``MAX_PIXELS``, Pillow's own limit holds as well.
    """
    match source:
        case Picture():
            return source
        case str() | Path():
            return Picture(_rgb_from_path(Path(source), max_pixels), str(source))
        case bytes():
            return Picture(_rgb_from_file(BytesIO(source), "bytes", max_pixels), "bytes")
        case PIL.Image.Image():
            name = str(getattr(source, "filename", "") or "PIL image")
            with _errors_about(name):
                return Picture(_rgb_within(source, name, max_pixels), name)
        case np.ndarray():
            return Picture(rgb_from_array(source, "array"), "array")
        case torch.Tensor():
            return Picture(rgb_from_tensor(source, "tensor"), "tensor")
    raise ImageError(
        f"{type(source).__name__}: not a source of an image; "
        "give a path, a PIL image, an array, a tensor or a file's bytes"
    )


def _rgb_from_path(path: Path, max_pixels: int) -> Rgb:
    try:
        kind = path.stat().st_mode
        if stat.S_ISREG(kind):
            with path.open("rb") as file:
                return _rgb_from_file(file, str(path), max_pixels)
        if stat.S_ISDIR(kind):
            os.scandir(path).close()
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file, and no file matches; check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{path}: cannot be opened ({reason}); check the path") from error
    if not stat.S_ISDIR(kind):
        raise ImageError(f"{path}: not a regular file; copy the image into one")
    if any(one != path for one in images_in(path)):
        raise ImageError(f"{path}: a folder, not an image; give one of the images in it")
    raise ImageError(
        f"{path}: a folder in which no image was found; "
        "check the path, or name files of unusual suffix one by one"
    )


def _rgb_from_file(file: BinaryIO, name: str, max_pixels: int) -> Rgb:
    if not file.read(1):
        raise ImageError(f"{name}: empty (0 bytes); fetch or copy it again")
    file.seek(0)
    PIL.Image.init()
    formats = [kind for kind in PIL.Image.OPEN if kind not in RUNS_A_PROGRAM]
    with _errors_about(name), PIL.Image.open(file, formats=formats) as image:
        return _rgb_within(image, name, max_pixels)


def _rgb_within(image: PIL.Image.Image, name: str, max_pixels: int) -> Rgb:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError(
            f"{name}: too large ({width}x{height} pixels); "
            f"at most {max_pixels:,} pixels are read, make it smaller"
        )
    if width * height == 0:
        raise ImageError(f"{name}: {width}x{height} pixels; an image has at least one")
    return rgb_from_pillow(image, name)


@contextmanager
def _errors_about(name: str) -> Iterator[None]:
    """Make whatever a decoder raises an ``ImageError``, and let none of its warnings out."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ImageError:
            raise
        except PIL.UnidentifiedImageError as error:
            raise ImageError(
                f"{name}: not an image of a kind that Pillow reads, or damaged at its start; "
                "save it as PNG or JPEG"
            ) from error
        except PIL.Image.DecompressionBombError as error:
            raise ImageError(f"{name}: too large ({error}); make it smaller") from error
        except Exception as error:  # On damaged input, decoders raise any kind.
            reason = str(error) or type(error).__name__
            raise ImageError(
                f"{name}: damaged or cut short ({reason}); fetch it or save it again"
            ) from error

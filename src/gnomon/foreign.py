"""Read what somebody else wrote: regular files, paths that stay in a folder, bounded numbers."""

import os
import re
import stat
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

from msgspec import Meta

from gnomon.strict_json import read_as

T = TypeVar("T")

LARGEST = 2.0**31
"""No number of an annotation is beyond: neither a place in an image nor an id."""
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Side = Annotated[float, Meta(ge=1, le=LARGEST)]
"""An image's width or height, which some tools write as 640.0."""
HALF = re.compile(
    r"(?<!\\)(?:\\\\)*\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB]..)(?<!\\)(?:\\\\)*\\u[dD][c-fC-F]",
    re.DOTALL,
)
Key = Annotated[int, Meta(ge=-int(LARGEST), le=int(LARGEST))] | str
"""What identifies an entry."""

MOST_BYTES = 2**31
"""Of an annotation file; COCO's largest takes a quarter of it."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read; ``OSError`` where it is missing or no regular file.

    A FIFO or a device neither blocks nor is read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(f"{str(path)!r} is no path: {error}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path} is not a regular file")
    return os.fdopen(handle, "rb")


def read_regular(path: Path) -> bytes:
    """Read a file; ``OSError`` where it is missing, no regular file, or above 2 GiB."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise OSError(f"{path} has {size:,} bytes; at most {MOST_BYTES:,} are read")
        return file.read()


def read_text(path: Path) -> str:
    """Read a regular file as UTF-8; ``OSError`` or ``ValueError`` where it is none."""
    return read_regular(path).decode("utf-8-sig")


def read_whole_json(content: bytes, kind: type[T]) -> T:
    r"""Read JSON as ``kind``; ``ValueError`` where it is not, or its text is not whole Unicode.

    JSON can name half a character, which no table and no file of text holds.

    >>> read_whole_json(rb'["\ud83d\ude00", "\\ud800"]', list[str]) == ["\U0001f600", r"\ud800"]
    True
    >>> read_whole_json(rb'["\ud800"]', list[str])
    Traceback (most recent call last):
    ValueError: it holds half a character, a surrogate without its other half
    """
    text = content.decode("utf-8")
    if "\\u" in text and HALF.search(text):
        raise ValueError("it holds half a character, a surrogate without its other half")
    return read_as(content, kind)


def bounded(text: str) -> float:
    """Read text as a number; ``ValueError`` where it is none, not finite, or too large.

    >>> bounded("1.5")
    1.5
    """
    value = float(text)
    if not abs(value) <= LARGEST:
        raise ValueError(f"{text[:40]!r} is not a finite number up to {LARGEST:,.0f}")
    return value


def whole_size(width: float, height: float) -> tuple[int, int]:
    """Return a size in pixels; ``ValueError`` where it has a fraction."""
    if not (width.is_integer() and height.is_integer()):
        raise ValueError(f"{width} x {height} is no size in pixels")
    return int(width), int(height)


def inside(home: Path, name: str) -> Path:
    """Join a name that a file gives to the folder that it counts from.

    ``ValueError`` where the name is absolute, has ``..`` in it, or leads out of ``home`` by a link
    below it. ``home`` itself may be a link.
    """
    parts = name.replace("\\", "/").split("/")
    if "\0" in name or os.path.isabs(name) or ".." in parts or not name.strip("/."):
        raise ValueError(f"{name!r} does not name a file in {home}")
    path = home / name
    if any(step.is_symlink() for step in (path, *path.parents[: name.count("/")])):
        top = os.path.realpath(home)
        if os.path.commonpath([top, os.path.realpath(path)]) != top:
            raise ValueError(f"{name!r} leads out of {home} by a link")
    return path

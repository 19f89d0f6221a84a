"""Regular files and their bytes, and paths that stay in their folder."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

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

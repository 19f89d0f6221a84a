"""A file or folder that is new: gathered in a folder of its own, whose name nobody knows before."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from gnomon.disk.folder import Folder
from gnomon.disk.here import inside
from gnomon.disk.names import aside_of


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Yield a path to write a file or folder to, in a folder made for it; at the end it is ``out``.

    ``FileExistsError`` where something is there already, but for an empty folder. Where it fails,
    nothing is left, and folders of ``out`` that were missing are so again. One that is killed
    leaves ``.NAME.….part`` beside ``out``.
    """
    real = Path(os.path.realpath(out))
    _refuse_present(real)
    with inside(str(real.parent), (), make=True) as here:
        home = aside_of(real.name)
        os.mkdir(here.at(home), 0o700, dir_fd=here.handle)
        try:
            yield real.parent / home / real.name
            _sync(real.parent / home / real.name)
            _refuse_present(real)
            with suppress(FileNotFoundError):
                os.rmdir(real)
            os.replace(real.parent / home / real.name, real)
            here.sync()
        finally:
            shutil.rmtree(real.parent / home, ignore_errors=True)


def new_file(path: Path) -> BinaryIO:
    """Open a new file to write; ``FileExistsError`` where there is one."""
    return Folder(path.parent).create(path.name)


def new_text(path: Path) -> TextIO:
    """Open a new text file to write, UTF-8, lines ending in a line feed."""
    return Folder(path.parent).create_text(path.name)


def new_folder(path: Path) -> Folder:
    """Make a folder; ``FileExistsError`` where there is one."""
    path.mkdir()
    return Folder(path)


def _refuse_present(real: Path) -> None:
    if os.path.lexists(real) and not (real.is_dir() and not any(real.iterdir())):
        raise FileExistsError(f"{real} is there already")


def _sync(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())

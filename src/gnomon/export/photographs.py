"""The photographs of a run, for the formats that hold them."""

import shutil
from typing import BinaryIO

from gnomon.disk import Folder
from gnomon.errors import ExportError
from gnomon.images.read import open_binary


def read_image(path: str) -> bytes:
    """Read a photograph's file, by path or URL; ``ExportError`` where it is not there any more."""
    with _open(path) as file:
        return file.read()


def copy_image(path: str, folder: Folder, name: str) -> None:
    """Copy a photograph's file as it is; ``ExportError`` where it is not there any more."""
    with _open(path) as file, folder.create(name) as copy:
        shutil.copyfileobj(file, copy)


def _open(path: str) -> BinaryIO:
    try:
        return open_binary(path)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be read ({error.strerror or error}), and this format holds the images;"
            " export where they are: paths that are not absolute count from the current folder"
        ) from error

"""The photographs of a run, for the formats that hold them."""

import shutil
from pathlib import Path

from gnomon.errors import ExportError


def read_image(path: str) -> bytes:
    """Read a photograph's file; ``ExportError`` where it is not there any more."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _absent(path, error) from error


def copy_image(path: str, to: Path) -> None:
    """Copy a photograph's file as it is; ``ExportError`` where it is not there any more."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(path, to)
    except FileNotFoundError as error:
        raise _absent(path, error) from error


def _absent(path: str, error: OSError) -> ExportError:
    return ExportError(
        f"{path} cannot be read ({error.strerror}), and this format holds the images;"
        " export where they are: paths that are not absolute count from the current folder"
    )

"""Reading a data set's own files, with a sentence where they are not what they should be."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from gnomon.errors import DatasetError
from gnomon.types import Floats


def require(folder: Path, kind: str, *parts: str) -> None:
    """See that a folder holds the files and folders ``parts`` of its kind."""
    expected = f"a {kind} data set is a folder with {', '.join(parts)}"
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise DatasetError(f"{expected}; found {found} at {folder}")
    missing = [part for part in parts if not (folder / part).exists()]
    if missing:
        raise DatasetError(
            f"{expected}; {folder} has no {', '.join(missing)}; it holds {contents(folder)}"
        )


def contents(folder: Path, most: int = 8) -> str:
    """Name the first things in a folder."""
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest if names else "nothing"


def require_images(kind: str, images: Iterable[Path]) -> None:
    """See that every image that the annotation names is there."""
    paths = list(images)
    if not paths:
        raise DatasetError(f"this {kind} data set names no image at all")
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise DatasetError(
            f"the {kind} data set names {len(paths)} images, and {len(missing)} of them are not "
            f"there, the first of them {missing[0]}; fetch them, or take them out of the annotation"
        )


def rows(path: Path, columns: str) -> Iterator[list[str]]:
    """Split the lines of a text table at blanks; ``columns`` names what each line should hold.

    The last column takes the rest of its line, so that a name may hold blanks.
    """
    width = len(columns.split())
    for number, line in enumerate(_text(path).splitlines(), start=1):
        cells = line.split(maxsplit=width - 1)
        if cells and len(cells) != width:
            raise DatasetError(f"{path}, line {number}: expected {columns!r}, found {line!r}")
        if cells:
            yield cells


def number(cell: str, path: Path) -> float:
    """Read a cell as a number."""
    try:
        return float(cell)
    except ValueError:
        raise DatasetError(f"{path}: expected a number, found {cell!r}") from None


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise DatasetError(f"{path} is not JSON: {error}") from error


def read_mat(path: Path, *names: str) -> list[Floats]:
    """Read the named arrays of a MATLAB file."""
    try:
        content = loadmat(path, variable_names=names)
        return [np.asarray(content[name], dtype=np.float64) for name in names]
    except (MatReadError, KeyError, ValueError, TypeError, RuntimeError, OSError) as error:
        raise DatasetError(
            f"{path} is not a MATLAB file with arrays {' and '.join(names)}: {error}"
        ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error

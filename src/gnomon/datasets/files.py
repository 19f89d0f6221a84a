"""Reading a data set's own files, with a sentence where they are not what they should be."""

import csv
import os
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO
from math import prod
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.io import loadmat, whosmat

from gnomon.errors import DatasetError, nearest_names
from gnomon.foreign import LARGEST, inside, read_regular, read_text, read_whole_json
from gnomon.types import Floats

T = TypeVar("T")

CLASS_FOLDERS = "one folder of images for each class"
MOST_CELLS = 2**20
"""Of an array in a MATLAB file: 8 MB, many times what any of these data sets has."""


def require(folder: Path, kind: str, *parts: str) -> None:
    """See that a folder holds ``parts``, the files and folders of its kind."""
    expected = f"a {kind} data set is a folder with {', '.join(parts) or CLASS_FOLDERS}"
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise DatasetError(f"{expected}; found {found} at {folder}{_meant(folder)}")
    missing = [part for part in parts if not (folder / part).exists()]
    if missing:
        raise DatasetError(
            f"{expected}; {folder} has no {', '.join(missing)}; it holds {contents(folder)}"
        )


def _meant(folder: Path) -> str:
    """Name the folders beside that a missing one may mean."""
    beside = folder.parent
    if folder.exists() or not beside.is_dir():
        return ""
    names = [one.name for one in beside.iterdir() if one.is_dir()]
    nearest = [str(beside / name) for name in nearest_names(folder.name, names)]
    return f"; did you mean {' or '.join(nearest)}?" if nearest else ""


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
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing:
        raise DatasetError(
            f"the {kind} data set names {len(paths)} images, and {len(missing)} of them are not "
            f"there, the first of them {missing[0]}; fetch them, or take them out of the annotation"
        )


def unique(keys: Iterable[object], what: str, path: Path) -> None:
    """See that nothing stands twice in an annotation file, where one would hide the other."""
    seen = set()
    for key in keys:
        if key in seen:
            raise DatasetError(f"{path} has {what} {key!r} twice; leave one of them out")
        seen.add(key)


def image_inside(home: Path, name: str, path: Path) -> Path:
    """Find the image that the annotation file ``path`` names; it lies in its folder ``home``."""
    try:
        return inside(home, name)
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path}: {error}; an annotation names images by their paths below their folder"
        ) from error


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


def csv_rows(path: Path) -> list[list[str]]:
    """Read the rows of a CSV file."""
    try:
        return list(csv.reader(StringIO(_text(path), newline="")))
    except csv.Error as error:
        raise DatasetError(f"{path} is no CSV: {error}") from error


def number(cell: str, path: Path) -> float:
    """Read a cell as a finite number."""
    try:
        value = float(cell)
    except ValueError:
        raise DatasetError(f"{path}: expected a number, found {cell!r}") from None
    if not abs(value) <= LARGEST:
        raise DatasetError(f"{path}: numbers are finite and up to {LARGEST:,.0f}, found {cell!r}")
    return value


def whole(cell: str, path: Path) -> int:
    """Read a cell as a whole number."""
    value = number(cell, path)
    if not value.is_integer():
        raise DatasetError(f"{path}: expected a whole number, found {cell!r}")
    return int(value)


def read_json(path: Path, kind: type[T], expected: str) -> T:
    """Read a JSON file as ``kind``, a dataclass; ``expected`` says what such a file is."""
    try:
        return read_whole_json(read_regular(path), kind)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is not {expected}: {error}") from error


def read_mat(path: Path, *names: str) -> list[Floats]:
    """Read the named arrays of a MATLAB file: finite numbers, and no more than it may take."""
    try:
        content = read_regular(path)
        shapes = {name: shape for name, shape, _ in whosmat(BytesIO(content))}
        for name in names:
            if prod(shapes[name]) > MOST_CELLS:
                raise ValueError(
                    f"{name} has {shapes[name]} cells, at most {MOST_CELLS:,} are read"
                )
        found = loadmat(BytesIO(content), variable_names=names)
        arrays = [np.asarray(found[name], dtype=np.float64) for name in names]
        if not all((np.abs(array) <= LARGEST).all() for array in arrays):
            raise ValueError(f"not all numbers are finite and up to {LARGEST:,.0f}")
    except Exception as error:  # On damaged input, its reader raises any kind.
        raise DatasetError(
            f"{path} is not a MATLAB file with arrays {' and '.join(names)}: {error}"
        ) from error
    return arrays


def read_whole_numbers(path: Path) -> list[int]:
    """Read a list of whole numbers that NumPy saved; objects in it are never loaded."""
    try:
        file = BytesIO(read_regular(path))
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        (count,), _, kind = read(file)
        content = file.read()
        if kind.kind not in "iu" or count * kind.itemsize != len(content):
            raise ValueError(f"{count} of {kind} in {len(content)} bytes")
        values: list[int] = np.frombuffer(content, kind).tolist()
    except Exception as error:  # On damaged input, its reader raises any kind.
        raise DatasetError(f"{path} is not a list of whole numbers (.npy): {error}") from error
    return values


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error

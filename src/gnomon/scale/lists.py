"""Lists of paths, and tables with a column of images."""

import csv
import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import dropwhile
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.errors import DatasetError
from gnomon.images.read import is_url, open_binary
from gnomon.runs.listing import Input
from gnomon.scale.columns import image_column, open_columns, path_column
from gnomon.spreadsheets import unguarded


def list_text(location: str) -> Iterator[Input]:
    """List the paths or URLs in a text file, one a line; relative ones are so to the file.

    Blank lines, comments (``#``), quotes around a name and blanks beside it count for nothing,
    unless a file is called so. UTF-8, with a byte-order mark or not, or UTF-16 with one.
    """
    with _opened(location) as file:
        lines = TextIOWrapper(file, _encoding(file), "surrogateescape", newline="\n")
        paths = (_meant(line.rstrip("\r\n"), location) for line in lines)
        yield from _inputs((path for path in paths if path), location)


def list_csv(location: str) -> Iterator[Input]:
    """List the paths in a CSV or TSV file that has a column of that name."""
    with _opened(location) as file:
        text = TextIOWrapper(file, _encoding(file), "surrogateescape", newline="")
        lines = dropwhile(lambda line: not line.strip() or line.startswith("#"), text)
        rows = csv.DictReader(lines, dialect="excel-tab" if location.endswith(".tsv") else "excel")
        try:
            column = path_column(list(rows.fieldnames or ()), location)
            cells = (unguarded(row[column]) for row in rows if row[column])
            paths = (_meant(cell, location) for cell in cells)
            yield from _inputs((path for path in paths if path), location)
        except csv.Error as error:
            raise DatasetError(f"{location}: line {rows.line_num} is no CSV: {error}") from error


def list_table(location: str) -> Iterator[Input]:
    """List the images in a table's column, or the paths in it."""
    columns = open_columns(location)
    if columns.n_rows > columns.n_bytes:
        raise DatasetError(
            f"{location}: claims {columns.n_rows:,} rows in {columns.n_bytes:,} bytes, which cannot"
            " be; fetch it again"
        )
    images = image_column(columns.schema)
    if images is not None:
        for row in range(columns.n_rows):
            yield Input(f"{location}#{row}", location, row=row, column=images)
        return
    strings = [field.name for field in columns.schema if _is_text(field.type)]
    column = path_column(strings, location)
    try:
        with _opened(location) as file:
            batches: Iterable[pa.RecordBatch] = pq.ParquetFile(file).iter_batches(columns=[column])
            for batch in batches:
                yield from _inputs((path for path in batch.column(0).to_pylist() if path), location)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DatasetError(f"{location}: cannot be read as a table: {error}") from error


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _encoding(file: BinaryIO) -> str:
    """Name the encoding of a text by its byte-order mark; UTF-8 where it has none."""
    start = file.read(2)
    file.seek(0)
    return "utf-16" if start in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"


def _meant(text: str, location: str) -> str:
    """Return the path that a line or a cell means; nothing for a comment.

    >>> _meant(' "a b.jpg" ', "list.txt"), _meant("# birds", "list.txt")
    ('a b.jpg', '')
    """
    path = text.strip()
    ordinary = path == text and not path.startswith(("#", "'", '"'))
    if ordinary or (text and os.path.lexists(_beside(text, location))):
        return text
    if path.startswith("#"):
        return ""
    if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        return path[1:-1]
    return path


def _inputs(paths: Iterable[str], location: str) -> Iterator[Input]:
    for path in paths:
        yield Input(_beside(path, location))


def _beside(path: str, location: str) -> str:
    """Return where a path in the list ``location`` leads; a relative one begins at the list."""
    home = location.rpartition("/")[0] if is_url(location) else os.path.dirname(location)
    whole = not home or is_url(path) or os.path.isabs(path)
    return path if whole else f"{home}/{path}"


@contextmanager
def _opened(location: str) -> Iterator[BinaryIO]:
    try:
        file = open_binary(location)
    except OSError as error:
        raise DatasetError(f"{location}: cannot be read: {error}") from error
    with file:
        yield file

"""Lists of paths, and tables with a column of images."""

import csv
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.errors import DatasetError
from gnomon.images.read import is_url, open_binary
from gnomon.runs.listing import Input
from gnomon.scale.columns import image_column, open_columns, path_column
from gnomon.spreadsheets import unguarded


def list_text(location: str) -> Iterator[Input]:
    """List the paths or URLs in a text file, one a line; relative ones are so to the file."""
    with _opened(location) as file:
        lines = TextIOWrapper(file, "utf-8", "surrogateescape", newline="\n")
        paths = (line.rstrip("\r\n") for line in lines)
        yield from _inputs((path for path in paths if path), location)


def list_csv(location: str) -> Iterator[Input]:
    """List the paths in a CSV or TSV file that has a column of that name."""
    with _opened(location) as file:
        text = TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
        rows = csv.DictReader(text, dialect="excel-tab" if location.endswith(".tsv") else "excel")
        try:
            column = path_column(list(rows.fieldnames or ()), location)
            yield from _inputs((unguarded(row[column]) for row in rows if row[column]), location)
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
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _inputs(paths: Iterable[str], location: str) -> Iterator[Input]:
    home = location.rpartition("/")[0] if is_url(location) else os.path.dirname(location)
    for path in paths:
        beside = not home or is_url(path) or os.path.isabs(path)
        yield Input(path if beside else f"{home}/{path}")


@contextmanager
def _opened(location: str) -> Iterator[BinaryIO]:
    try:
        file = open_binary(location)
    except OSError as error:
        raise DatasetError(f"{location}: cannot be read: {error}") from error
    with file:
        yield file

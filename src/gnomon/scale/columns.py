"""Parquet and Arrow files: a column of images, or a column of paths."""

from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from gnomon.errors import DatasetError, listed
from gnomon.images.hosts import Hosts
from gnomon.images.read import is_url, open_binary
from gnomon.strict_json import read_as

PATH_COLUMNS = ("path", "file_path", "filepath", "file", "file_name", "filename", "url", "image")
"""Where a list's paths are looked for, in this order."""
BYTES_COLUMNS = ("image", "img", "jpg", "jpeg", "png", "webp", "bytes", "content", "data")
"""Binary columns that are taken for images; so is any that Hugging Face's features call one."""


@dataclass(frozen=True, slots=True)
class _Info:
    features: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Note:
    info: _Info


class Columns(Protocol):
    """A file of rows in columns."""

    schema: pa.Schema
    n_rows: int
    n_bytes: int

    def rows_around(self, row: int, column: str) -> tuple[int, pa.ChunkedArray]:
        """Return the number of the first of some rows of a column, and them, ``row`` included."""


class ParquetColumns:
    """A Parquet file; one row group is read at a time."""

    def __init__(self, source: Any) -> None:
        self.n_bytes = _size(source)
        self._file = pq.ParquetFile(source)
        self.schema = self._file.schema_arrow
        self.n_rows = self._file.metadata.num_rows

    def rows_around(self, row: int, column: str) -> tuple[int, pa.ChunkedArray]:
        """See `Columns`."""
        first = 0
        for group in range(self._file.metadata.num_row_groups):
            count = self._file.metadata.row_group(group).num_rows
            if row < first + count:
                return first, self._file.read_row_group(group, columns=[column]).column(column)
            first += count
        raise IndexError(row)


class ArrowColumns:
    """An Arrow stream, as `datasets` saves; mapped into memory, not read.

    Its lengths and offsets are what the file claims, so they are checked before a cell is taken.
    """

    def __init__(self, source: Any) -> None:
        self.n_bytes = _size(source)
        self._table = pyarrow.ipc.open_stream(source).read_all()
        self._table.validate()
        self.schema = self._table.schema
        self.n_rows = self._table.num_rows

    def rows_around(self, row: int, column: str) -> tuple[int, pa.ChunkedArray]:
        """See `Columns`."""
        found = self._table.column(column)
        found.validate(full=True)
        return 0, found


def open_columns(location: str, hosts: Hosts | None = None) -> Columns:
    """Open a .parquet or .arrow file, by path or URL as `gnomon.images.read.open_url` takes it.

    ``DatasetError`` where it is none.
    """
    try:
        source = open_binary(location, hosts) if is_url(location) else pa.memory_map(location)
        return (ArrowColumns if location.endswith(".arrow") else ParquetColumns)(source)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DatasetError(f"{location}: cannot be read as a table: {error}") from error


def _size(source: Any) -> int:
    source.seek(0, 2)
    size = int(source.tell())
    source.seek(0)
    return size


def image_column(schema: pa.Schema) -> str | None:
    """Name the column that holds images' bytes, if one does."""
    for name, feature in _features(schema).items():
        if isinstance(feature, dict) and feature.get("_type") == "Image" and name in schema.names:
            return str(name)
    for field in schema:
        if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return str(field.name)
    for name in BYTES_COLUMNS:
        at = schema.get_field_index(name)  # -1 also where two columns have the name
        kind = schema.field(at).type if at >= 0 else None
        if kind is not None and (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            return name
    return None


def _features(schema: pa.Schema) -> dict[str, Any]:
    """Read what Hugging Face noted of the columns; nothing where that is no such note."""
    note = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        return read_as(note, _Note).info.features
    except ValueError:
        return {}


def path_column(names: list[str], location: str) -> str:
    """Name the column of a list that holds paths; ``DatasetError`` names those there are."""
    given = {name.strip().lower(): name for name in reversed(names)}
    for name in PATH_COLUMNS:
        if name in given:
            return given[name]
    raise DatasetError(
        f"{location}: has neither a column of images nor one of paths; its columns:"
        f" {listed(names)}. Name one of them {PATH_COLUMNS[0]}"
    )

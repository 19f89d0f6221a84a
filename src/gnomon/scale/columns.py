"""Parquet and Arrow files: a column of images, or a column of paths."""

import json
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from gnomon.errors import DatasetError
from gnomon.images.hosts import Hosts
from gnomon.images.read import is_url, open_binary

PATH_COLUMNS = ("path", "file_path", "filepath", "file", "file_name", "filename", "url", "image")
"""Where a list's paths are looked for, in this order."""
BYTES_COLUMNS = ("image", "img", "jpg", "jpeg", "png", "webp", "bytes", "content", "data")
"""Binary columns that are taken for images; so is any that Hugging Face's features call one."""


class Columns(Protocol):
    """A file of rows in columns."""

    schema: pa.Schema
    n_rows: int

    def rows_around(self, row: int, column: str) -> tuple[int, pa.ChunkedArray]:
        """Give the number of the first of some rows of a column, and these, ``row`` among them."""


class ParquetColumns:
    """A Parquet file; one row group is read at a time."""

    def __init__(self, source: Any) -> None:
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
    """An Arrow stream, as `datasets` saves; mapped into memory, not read."""

    def __init__(self, source: Any) -> None:
        self._table = pyarrow.ipc.open_stream(source).read_all()
        self.schema = self._table.schema
        self.n_rows = self._table.num_rows

    def rows_around(self, row: int, column: str) -> tuple[int, pa.ChunkedArray]:
        """See `Columns`."""
        return 0, self._table.column(column)


def open_columns(location: str, hosts: Hosts | None = None) -> Columns:
    """Open a .parquet or .arrow file, by path or URL as `gnomon.images.read.open_url` takes it.

    ``DatasetError`` where it is none.
    """
    try:
        source = open_binary(location, hosts) if is_url(location) else pa.memory_map(location)
        return (ArrowColumns if location.endswith(".arrow") else ParquetColumns)(source)
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{location}: cannot be read as a table: {error}") from error


def image_column(schema: pa.Schema) -> str | None:
    """Name the column that holds images' bytes, if one does."""
    noted = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = noted.get("info", {}).get("features", {})
    for name, feature in features.items():
        if isinstance(feature, dict) and feature.get("_type") == "Image" and name in schema.names:
            return str(name)
    for field in schema:
        if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return str(field.name)
    for name in BYTES_COLUMNS:
        kind = schema.field(name).type if name in schema.names else None
        if kind is not None and (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            return name
    return None


def path_column(names: list[str], location: str) -> str:
    """Name the column of a list that holds paths; ``DatasetError`` names those there are."""
    for name in PATH_COLUMNS:
        if name in names:
            return name
    raise DatasetError(
        f"{location}: has neither a column of images nor one of paths; its columns:"
        f" {', '.join(names)}. Name one of them {PATH_COLUMNS[0]}"
    )

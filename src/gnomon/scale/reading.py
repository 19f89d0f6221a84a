"""From an input of the listing to its pixels."""

import os
from typing import Any

import pyarrow as pa

from gnomon.errors import DatasetError, ImageError
from gnomon.images import Limits, Picture, decode
from gnomon.images.decode import refuse_folder
from gnomon.images.hosts import Hosts
from gnomon.images.read import is_url, read_bytes
from gnomon.images.sandbox import Sandbox
from gnomon.masking import masked
from gnomon.runs.listing import Input
from gnomon.scale.columns import open_columns


class Reading:
    """Reads and decodes inputs for one thread; of tables, some rows are kept for the next.

    ``hosts`` are those that the user named.
    """

    def __init__(self, limits: Limits, hosts: Hosts = Hosts(), *, isolate: bool) -> None:
        self._limits, self._hosts = limits, hosts
        self._sandbox = Sandbox(limits) if isolate else None
        self._table: tuple[str, str] | None = None
        self._first = 0
        self._rows: Any = ()

    def __call__(self, one: Input) -> Picture:
        """Return an input's picture; ``ImageError`` says what is wrong with it."""
        content, name = self.content(one), masked(one.path)
        if self._sandbox is not None:
            return self._sandbox.decode(content, name)
        return decode(content, limits=self._limits, name=name)

    def content(self, one: Input) -> bytes:
        """Return the bytes of an input's file."""
        if one.row is not None and one.column is not None:
            return self._cell(one, one.row, one.column)
        if one.size is None and not is_url(one.file):
            refuse_folder(one.file, one.path)
        return read_bytes(
            one.file, self._limits, one.offset, one.size, name=one.path, hosts=self._hosts
        )

    def _cell(self, one: Input, row: int, column: str) -> bytes:
        inside = self._first <= row < self._first + len(self._rows)
        if self._table != (one.file, column) or not inside:
            self._table = None
            self._first, self._rows = _rows_around(one, row, column, self._hosts)
            self._table = (one.file, column)
        cell = self._rows[row - self._first]
        if pa.types.is_struct(cell.type):
            content = cell["bytes"].as_py()
            path = cell["path"].as_py() if cell.type.get_field_index("path") >= 0 else None
            if content is None and path:
                place = path if is_url(path) else os.path.join(os.path.dirname(one.file), path)
                return read_bytes(place, self._limits, name=one.path, hosts=self._hosts)
        else:
            content = cell.as_py()
        if content is None:
            raise ImageError(f"{one.path}: empty (no value in column {column!r}); fetch it again")
        if len(content) > self._limits.max_bytes:
            raise ImageError(
                f"{one.path}: too large; at most {self._limits.max_file_mb:,g} MB are read"
            )
        return bytes(content)


def _rows_around(one: Input, row: int, column: str, hosts: Hosts) -> tuple[int, pa.ChunkedArray]:
    try:
        first, rows = open_columns(one.file, hosts).rows_around(row, column)
        if not 0 <= row - first < len(rows):
            raise IndexError(f"there is no row {row}")
    except (OSError, ValueError, LookupError, DatasetError, pa.ArrowException) as error:
        raise ImageError(f"{one.path}: its table cannot be read ({error})") from error
    return first, rows

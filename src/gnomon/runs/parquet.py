"""Parquet files of a run: written with checksums, and opened only if they are honest.

Somebody else may have written them, and a few bytes of Parquet can stand for gigabytes of rows.
Files are therefore taken only in the codecs that gnomon writes, with at most one row a byte, and
read a few rows at a time; text is looked at as a dictionary before it is laid out.
"""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gnomon.errors import RunError

ROWS = 8192
CODECS = frozenset({"SNAPPY", "UNCOMPRESSED"})
"""What gnomon writes. Neither grows by more than 25 times when it is unpacked."""
LONGEST_TEXT = 65_536
"""Longest text in a table, in bytes."""
TEXT_A_BYTE = 64
"""How many bytes of text one byte of a file may become: names repeat, from row to row."""
SMALL = 2**20


class RunTable:
    """A Parquet file of a run with the columns of ``schema``, read in order."""

    def __init__(self, content: bytes | BinaryIO, name: str, schema: pa.Schema) -> None:
        """Open a file by its content; ``name`` is what messages call it.

        Raises ``RunError`` where it is no Parquet file, or not one of such columns.
        """
        self.name = name
        self._schema = schema
        texts = [one.name for one in schema if pa.types.is_string(one.type)]
        try:
            source = pa.BufferReader(content) if isinstance(content, bytes) else content
            self._size = source.seek(0, 2)
            self._file = pq.ParquetFile(
                source,
                read_dictionary=texts,
                pre_buffer=False,
                page_checksum_verification=True,
            )
            self._check_header()
        except (OSError, ValueError, KeyError, MemoryError, pa.ArrowException) as error:
            raise self._damaged(error) from error

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """What the file says of itself beside its rows."""
        return self._file.schema_arrow.metadata or {}

    @property
    def num_rows(self) -> int:
        """How many rows the file has."""
        return int(self._file.metadata.num_rows)

    def batches(self, rows: int = ROWS) -> Iterator[pa.Table]:
        """Read at most ``rows`` rows at a time; ``RunError`` where they are not what they say."""
        laid_out = 0
        batches = self._file.iter_batches(batch_size=rows, columns=self._schema.names)
        try:
            for batch in batches:
                laid_out += _text_bytes(batch)
                if laid_out > TEXT_A_BYTE * self._size + SMALL:
                    raise ValueError("its text is larger than its size explains")
                table = pa.Table.from_batches([batch]).select(self._schema.names)
                yield table.cast(self._schema).combine_chunks()
        except (OSError, ValueError, KeyError, MemoryError, pa.ArrowException) as error:
            raise self._damaged(error) from error

    def read(self) -> pa.Table:
        """Read all rows."""
        return pa.concat_tables([self._schema.empty_table(), *self.batches()]).combine_chunks()

    def _check_header(self) -> None:
        header = self._file.metadata
        if not 0 <= header.num_rows <= self._size:
            raise ValueError(f"it claims {header.num_rows:,} rows in {self._size:,} bytes")
        if header.num_row_groups > self._size or header.num_columns > self._size:
            raise ValueError("it claims more columns or groups of rows than it has bytes")
        found = {one.name: one.type for one in self._file.schema_arrow}
        for field in self._schema:
            kind = found.get(field.name)
            if kind is not None and pa.types.is_dictionary(kind):
                kind = kind.value_type
            if kind != field.type:
                raise ValueError(f"column {field.name!r} is {kind or 'missing'}, not {field.type}")
        for group in range(header.num_row_groups):
            chunks = (header.row_group(group).column(at) for at in range(header.num_columns))
            if not {chunk.compression for chunk in chunks} <= CODECS:
                raise ValueError(f"it is compressed by another codec than {', '.join(CODECS)}")

    def _damaged(self, error: Exception) -> RunError:
        return RunError(f"{self.name} cannot be read: {' '.join(str(error).split())}")


def to_parquet(table: pa.Table) -> bytes:
    """Write a table as the bytes of a Parquet file, each page with a checksum."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


class Rows:
    """A place in a table's batches, from which as many rows as are wanted can be taken."""

    def __init__(self, batches: Iterator[pa.Table], schema: pa.Schema) -> None:
        self._batches = batches
        self._held = schema.empty_table()

    def take(self, count: int) -> pa.Table:
        """Take the next rows, fewer where the file ends."""
        while self._held.num_rows < count and self._more():
            pass
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        return taken.combine_chunks()

    def take_of(self, column: str, value: object) -> pa.Table:
        """Take the next rows as long as their column has this value; none where it has another."""
        count = 0
        while True:
            here = self._held[column]
            while count < len(here) and here[count].as_py() == value:
                count += 1
            if count < len(here) or not self._more():
                return self.take(count)

    def _more(self) -> bool:
        batch = next(self._batches, None)
        if batch is None:
            return False
        self._held = pa.concat_tables([self._held, batch])
        return True


def _text_bytes(batch: pa.RecordBatch) -> int:
    """Return how many bytes the batch's text takes when it is laid out row by row."""
    total = 0
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and len(column):
            lengths = pc.binary_length(column.dictionary)
            longest = pc.max(lengths).as_py() or 0
            if longest > LONGEST_TEXT:
                raise ValueError(f"it holds a text of {longest:,} bytes; at most {LONGEST_TEXT:,}")
            total += pc.sum(lengths.take(column.indices)).as_py() or 0
    return total

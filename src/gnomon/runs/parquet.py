"""Parquet files as a run has them: each page with a checksum."""

import pyarrow as pa
import pyarrow.parquet as pq


def parquet(table: pa.Table) -> bytes:
    """Write a table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def checked_table(content: bytes, schema: pa.Schema) -> pa.Table:
    """Read a whole file and see that it is sound; ``ValueError`` says what is not.

    Its metadata is kept.
    """
    try:
        source = pa.BufferReader(content)
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            table = file.read()
    except (OSError, pa.ArrowException) as error:
        raise ValueError(str(error)) from error
    if not table.schema.equals(schema, check_metadata=False):
        raise ValueError("its columns are others than this gnomon writes")
    table.validate(full=True)
    return table

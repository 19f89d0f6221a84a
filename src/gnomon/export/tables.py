"""Every column, for whatever reads tables: CSV and Parquet."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from gnomon.disk import new_folder
from gnomon.export.contents import Contents
from gnomon.runs.records import PHOTOGRAPH, Record
from gnomon.runs.review import reviewed_schema
from gnomon.spreadsheets import guarded
from gnomon.tables import IMAGES, KEYPOINTS

Open = Callable[[BinaryIO, pa.Schema], Any]
"""Opens a writer of tables into a file, a context with a ``write_table``."""

IMAGES_AT_ONCE = 128


def write_csv(contents: Contents, out: Path) -> None:
    """Write a folder with ``images.csv`` and ``keypoints.csv``, a row for each.

    Text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    _write(contents, out, "csv", _Guarded)


class _Guarded:
    """A CSV file whose text no spreadsheet computes."""

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._writer = arrow_csv.CSVWriter(file, schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write_table(self, table: pa.Table) -> None:
        for at, field in enumerate(table.schema):
            if pa.types.is_string(field.type):
                texts = table.column(at).to_pylist()
                safe = [None if one is None else guarded(one) for one in texts]
                table = table.set_column(at, field, pa.array(safe, field.type))
        self._writer.write_table(table)


def write_parquet(contents: Contents, out: Path) -> None:
    """Write a folder with ``images.parquet`` and ``keypoints.parquet``, a row for each."""
    _write(contents, out, "parquet", pq.ParquetWriter)


def _write(contents: Contents, out: Path, suffix: str, opened: Open) -> None:
    """Write both tables; the keypoints have their image's path and label, and part by name."""
    folder = new_folder(out)
    photographs = pa.schema([IMAGES.field(name) for name in PHOTOGRAPH])
    points = KEYPOINTS if contents.choice.review is None else reviewed_schema(KEYPOINTS)
    for name in ("path", "label", "part_name"):
        points = points.append(pa.field(name, pa.string()))
    with ExitStack() as files:
        images, keypoints = (
            files.enter_context(opened(files.enter_context(folder.create(name)), schema))
            for name, schema in (
                (f"images.{suffix}", photographs),
                (f"keypoints.{suffix}", points),
            )
        )
        for records in _some(contents):
            rows = [asdict(record.image) for record in records]
            images.write_table(pa.Table.from_pylist(rows, schema=photographs))
            tables = [_points(record, contents) for record in records]
            keypoints.write_table(pa.concat_tables(tables).cast(points).combine_chunks())


def _some(contents: Contents) -> Iterator[list[Record]]:
    held: list[Record] = []
    for record in contents:
        held.append(record)
        if len(held) == IMAGES_AT_ONCE:
            yield held
            held = []
    if held:
        yield held


def _points(record: Record, contents: Contents) -> pa.Table:
    count = len(record)
    names = contents.point_names(record) if contents.ordered else [None] * count
    columns = {
        "path": [record.image.path] * count,
        "label": [record.image.label] * count,
        "part_name": names,
    }
    points = record.points
    for name, values in columns.items():
        points = points.append_column(name, pa.array(values, pa.string()))
    return points

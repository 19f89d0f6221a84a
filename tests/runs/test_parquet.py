"""A run's Parquet files: honest ones are read as pyarrow reads them, others not at all."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.errors import RunError
from gnomon.runs.parquet import ROWS, Rows, RunTable

SCHEMA = pa.schema(
    [pa.field("name", pa.string(), nullable=False), pa.field("n", pa.int32(), nullable=False)]
)


def written(table: pa.Table, **how: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **how)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def table(names: list[str]) -> pa.Table:
    return pa.table({"name": names, "n": np.arange(len(names), dtype=np.int32)}, schema=SCHEMA)


@pytest.mark.parametrize("how", [{}, {"use_dictionary": False}, {"compression": "none"}])
@pytest.mark.parametrize("rows", [0, 1, 3 * ROWS + 5])
def test_an_honest_file_is_read_as_it_is(rows: int, how: dict[str, Any]) -> None:
    expected = table([f"name {number}" for number in range(rows)])
    found = RunTable(written(expected, **how), "here", SCHEMA)
    assert found.num_rows == rows
    assert found.read().equals(expected)
    assert found.read().schema.equals(SCHEMA)


def test_columns_that_are_not_asked_for_are_left() -> None:
    more = table(["a", "b"]).append_column("more", pa.array([1.0, 2.0]))
    assert RunTable(written(more), "here", SCHEMA).read().equals(table(["a", "b"]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        (b"PAR1", "4 bytes"),
        (b"x" * 100, "magic bytes"),
        (written(table(["a"]))[:-9], "magic bytes"),
        (written(pa.table({"name": ["a"]})), "'n' is missing, not int32"),
        (written(pa.table({"name": ["a"], "n": [1.0]})), "'n' is double, not int32"),
        (written(pa.table({"name": [1], "n": pa.array([1], pa.int32())})), "'name' is int64"),
        (written(table(["a"]), compression="zstd"), "another codec"),
        (written(table(["a"]), compression="gzip"), "another codec"),
        (written(table(["a"] * 9_000).take([0] * 9_000)), "9,000 rows in"),
        (written(table(["x" * 65_537])), "a text of 65,537 bytes"),
        (written(table(["x" * 60_000] * 400)), "text is larger than its size explains"),
        (
            written(pa.table({"name": ["a", None], "n": pa.array([1, 2], pa.int32())})),
            "null values",
        ),
    ],
)
def test_another_file_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(RunError, match=f"^here cannot be read: .*{said}"):
        RunTable(content, "here", SCHEMA).read()


def test_rows_are_taken_in_order() -> None:
    names = ["a"] * 3 + ["b"] * 2 + ["c"]
    rows = Rows(RunTable(written(table(names)), "here", SCHEMA).batches(2), SCHEMA)
    assert rows.take_of("name", "x").num_rows == 0
    assert rows.take_of("name", "a")["n"].to_pylist() == [0, 1, 2]
    assert rows.take(1)["n"].to_pylist() == [3]
    assert rows.take_of("name", "b")["n"].to_pylist() == [4]
    assert rows.take(9)["n"].to_pylist() == [5]
    assert rows.take(9).num_rows == 0

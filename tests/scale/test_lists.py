"""Lists as editors, spreadsheets and data frames write them."""

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.scale import list_inputs


def names(path: Path) -> list[str]:
    return [os.path.relpath(one.path, path.parent) for one in list_inputs([str(path)])]


WANTED = ["a.jpg", "b c.jpg", "d.jpg"]


@pytest.mark.parametrize("suffix", ["txt", "csv"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends(tmp_path: Path, suffix: str, encoding: str, end: str) -> None:
    lines = ["path"] * (suffix == "csv") + ["ä.jpg", "", "b c.jpg"]
    path = tmp_path / f"list.{suffix}"
    path.write_bytes(end.join(lines).encode(encoding))
    assert names(path) == ["ä.jpg", "b c.jpg"]


@pytest.mark.parametrize(
    "text",
    [
        "# birds\na.jpg\n  # more\nb c.jpg\nd.jpg\n",
        '"a.jpg"\n"b c.jpg"\nd.jpg',
        "'a.jpg'\n 'b c.jpg' \nd.jpg",
        "a.jpg  \n\tb c.jpg\t\nd.jpg \r\n",
        "\n \n\ta.jpg\n\n\nb c.jpg\n#\nd.jpg\n\t\n",
        '\ufeff"a.jpg"\r\nb c.jpg\r\n\r\n#d.png\r\nd.jpg\r\n',
    ],
)
def test_what_counts_for_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.txt").write_text(text, newline="")
    assert names(tmp_path / "list.txt") == WANTED


def test_a_file_that_is_called_so_is_meant(tmp_path: Path) -> None:
    given = ["#1.jpg", "'q'.jpg", '"q"', "end ", " begin.jpg"]
    for name in given:
        (tmp_path / name).touch()
    (tmp_path / "list.txt").write_text("\n".join([*given, "#2.jpg"]))
    assert names(tmp_path / "list.txt") == given


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.jpg,1\n b c.jpg ,2\nd.jpg,3\n",
        "# made by hand\n\nPath,label\na.jpg,1\n#x.jpg,2\nb c.jpg,2\n\nd.jpg,3\n",
        '"label"," path "\n1,"a.jpg"\n2,"b c.jpg"\n3,"d.jpg"\n',
        "\ufefffilename\r\na.jpg\r\nb c.jpg\r\nd.jpg\r\n",
    ],
)
def test_tables_of_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.csv").write_text(text, newline="")
    assert names(tmp_path / "list.csv") == WANTED


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
    ids=str,
)
def test_columns_of_any_string_type(tmp_path: Path, kind: pa.DataType) -> None:
    column = pa.array([*WANTED, None], pa.string())
    column = column.dictionary_encode() if pa.types.is_dictionary(kind) else column
    table = pa.table({"label": pa.array([1, 2, 3, 4]), "path": column.cast(kind)})
    pq.write_table(table, tmp_path / "list.parquet")
    assert names(tmp_path / "list.parquet") == WANTED


@pytest.mark.parametrize("dtype", ["category", "object", "string"])
def test_columns_of_pandas(tmp_path: Path, dtype: str) -> None:
    frame = pd.DataFrame({"path": pd.Series(WANTED, dtype=dtype)})
    frame.to_parquet(tmp_path / "list.parquet")
    assert names(tmp_path / "list.parquet") == WANTED

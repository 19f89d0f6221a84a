"""No CSV that gnomon writes has text that a spreadsheet computes, and what reads them knows."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from drawn import drawn_info, found_points

from gnomon.export import export_run
from gnomon.images import decode
from gnomon.runs import write_run
from gnomon.runs.files import csv_text
from gnomon.scale import list_inputs
from gnomon.spreadsheets import guarded, unguarded

FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\tx", "\rx", "\nx", "\uff1d1", "'=1", "''-1"]
HARMLESS = ["", "a=1", "'tis", "1-1", " =1", "é", "'", "2024-01-01"]
STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_guarded_and_comes_back(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


def test_numbers_stay_numbers() -> None:
    assert csv_text([["-a", -1, -1.5, None, "b"]]) == "'-a,-1,-1.5,,b\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make a run whose class, files and parts are called as formulas."""
    found = {}
    for number, name in enumerate(("=1.png", "+cmd.png", "a.png")):
        (tmp_path / "@home").mkdir(exist_ok=True)
        path = tmp_path / "@home" / name
        PIL.Image.new("RGB", (60, 40)).save(path)
        one = found_points(3, number)
        seen = replace(one.image, content_hash=decode(path).content_hash)
        points = replace(one.keypoints, part=np.arange(3))
        found[str(path)] = replace(one, image=seen, label="=1+1", keypoints=points)
    write_run(tmp_path / "run", drawn_info(part_names=("-left", "=right", "beak")), found)
    return tmp_path / "run"


def cells(folder: Path) -> set[str]:
    found: set[str] = set()
    for file in folder.rglob("*.csv"):
        with file.open(encoding="utf-8", newline="") as opened:
            found |= {cell for row in csv.reader(opened) for cell in row}
    return found


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("format_", ["csv", "deeplabcut"])
def test_exports(format_: str, run: Path, tmp_path: Path) -> None:
    export_run(run, format_, tmp_path / "out")
    found = cells(tmp_path / "out")
    assert {one for one in found if one.startswith(STARTS) and not is_number(one)} == set()
    assert {"'=1+1"} <= found or format_ == "deeplabcut"
    if format_ == "deeplabcut":
        assert {"'=1.png", "'+cmd.png", "'-left", "'=right"} <= found


def test_numbers_of_an_export_are_those_of_the_run(run: Path, tmp_path: Path) -> None:
    export_run(run, "csv", tmp_path / "csv")
    export_run(run, "parquet", tmp_path / "parquet")
    read = pyarrow.csv.read_csv(tmp_path / "csv" / "keypoints.csv")
    wanted = pq.read_table(tmp_path / "parquet" / "keypoints.parquet")
    for name in ("x", "y", "score", "rank"):
        assert read[name].to_pylist() == wanted[name].to_pylist()
    assert [unguarded(one) for one in read["label"].to_pylist()] == wanted["label"].to_pylist()


def test_a_list_with_guarded_paths(run: Path, tmp_path: Path) -> None:
    table = csv_text([["path"], ["=1.png"], ["+cmd.png"], ["a.png"]])
    (tmp_path / "@home" / "list.csv").write_text(table)
    found = [Path(one.path).name for one in list_inputs([str(tmp_path / "@home" / "list.csv")])]
    assert found == ["=1.png", "+cmd.png", "a.png"]

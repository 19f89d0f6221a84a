"""Names in a run are data: an export writes nothing outside its folder, whatever they say."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.errors import GnomonError
from gnomon.export import EXPORTERS, export_run, open_contents
from gnomon.images import Picture
from gnomon.runs.photographs import Found, Photographs

PATHS = [
    "memory://x/../../../../planted.jpg",
    "memory://../planted.jpg",
    "memory://x/..",
    "memory://x/.",
    "memory:////planted.jpg",
    "memory://x//planted.jpg",
    "memory://x/a\\..\\..\\planted.jpg",
    "memory://x/a\0b.jpg",
    "memory://x/\x1b[31m\n.jpg",
    "memory://x/" + "y" * 400 + ".jpg",
    "memory://x/-rf.jpg",
    "memory://x/a/keypoints/b.jpg",
    "memory://x/a",
]
PAIRS = [("memory://x/a.jpg", path) for path in PATHS]
PAIRS.append(("memory://x/../b.jpg", "memory://x/../c.jpg"))


@pytest.fixture
def planted(made: Callable[[str], Any], tmp_path: Path) -> Path:
    """Give the images table of a run of two images, to plant paths in."""
    run = tmp_path / "home" / "run"
    shutil.copytree(made("large").folder, run)
    for table in ("images", "keypoints"):
        for path in sorted((run / table).iterdir())[1:]:
            path.unlink()
    (part,) = (run / "images").iterdir()
    return part


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() or path.is_symlink()}


@pytest.mark.parametrize("format_", EXPORTERS)
def test_nothing_is_written_outside(
    format_: str, planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each path beside a harmless one, so that the folder that holds all of them is above both."""
    found = Found("", b"a photograph", Picture(np.zeros((1, 1, 3), np.uint8), ""))
    monkeypatch.setattr(Photographs, "find", lambda *_: found)
    table = pq.read_table(planted)
    column = table.column_names.index("path")
    before = files(tmp_path)
    written = 0
    for number, pair in enumerate(PAIRS):
        paths = pa.array(pair)
        pq.write_table(table.set_column(column, table.schema.field(column), paths), planted)
        out = tmp_path / "deep" / "er" / f"out-{number}"
        try:
            export_run(planted.parents[1], format_, out)
            written += 1
        except GnomonError:
            assert not out.exists()
        outside = {
            one for one in files(tmp_path) - before if tmp_path / "deep" / "er" not in one.parents
        }
        assert outside == set(), pair
    assert written >= len(PAIRS) - 4, "nearly all of them are only strange"


def test_what_tools_are_told_leads_nowhere_either(planted: Path, tmp_path: Path) -> None:
    table = pq.read_table(planted)
    column = table.column_names.index("path")
    paths = pa.array(["memory://x/a.jpg", "memory://x/../../../../planted.jpg"])
    pq.write_table(table.set_column(column, table.schema.field(column), paths), planted)
    contents = open_contents(planted.parents[1])
    names = [contents.name(record.image) for record in contents]
    assert len(set(names)) == 2
    assert not any(step in ("..", ".", "") for name in names for step in name.split("/"))
    out = export_run(planted.parents[1], "coco", tmp_path / "out").path
    assert [one["file_name"] for one in json.loads(out.read_text())["images"]] == names


def test_what_is_planted_beside_an_export_is_not_touched(
    made: Callable[[str], Any], tmp_path: Path
) -> None:
    """A folder of the name that an earlier gnomon gathered exports in, and links of the user's."""
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "mine").write_text("mine")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    run = made("free").folder
    export_run(run, "json", tmp_path / "out")
    export_run(run, "csv", tmp_path / "link")
    export_run(run, "json", tmp_path / "link" / "below" / "out.json")
    assert (tmp_path / ".out.part" / "mine").read_text() == "mine"
    assert (tmp_path / "link").is_symlink()
    assert {path.name for path in (tmp_path / "real").iterdir()} == {
        "below", "images.csv", "keypoints.csv",
    }  # fmt: skip
    assert np.all([path.stat().st_size > 0 for path in files(tmp_path / "real")])

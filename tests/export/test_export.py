"""What every export has in common: what is chosen, where it is written, what it needs."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.errors import ExportError, RunError, SettingError
from gnomon.export import EXPORTERS, export_run, open_contents
from gnomon.export.naming import common_root
from gnomon.runs.discovered import ASSIGNED
from gnomon.runs.photographs import Absence


def test_points_are_chosen_by_score_and_number(made: Callable[[str], Any]) -> None:
    run = made("large").folder
    everything = list(open_contents(run))
    good = list(open_contents(run, min_score=-0.5))
    best = list(open_contents(run, min_score=-0.5, top=4))
    for all_, some, few in zip(everything, good, best, strict=True):
        np.testing.assert_array_equal(some.xy, all_.xy[all_.score >= -0.5])
        np.testing.assert_array_equal(few.xy, some.xy[:4])
    assert sum(map(len, good)) < sum(map(len, everything))


def test_a_review_leaves_what_a_person_accepted(made: Callable[[str], Any]) -> None:
    run = made("landmarks")
    before = list(open_contents(run.folder))
    contents = open_contents(run.folder, review=run.review)
    first, second, third = contents
    np.testing.assert_array_equal(first.xy, [before[0].xy[0], (10.25, 11.5)])
    np.testing.assert_array_equal(second.xy[-1], (3.125, 4.5))
    assert np.isnan(second.score[-1])
    assert second.confidence[-1] == 1
    assert contents.names == ("eye", "tail & tip")
    assert contents.point_names(third) == ["keypoint"]
    kept = list(open_contents(run.folder, review=run.review, min_score=0.0))
    assert [len(record) for record in kept] == [0, 1, 0], "an added point needs no score"


def test_a_part_is_the_best_point_of_it(made: Callable[[str], Any]) -> None:
    contents = open_contents(made("parts").folder)
    second = list(contents)[1]
    assert contents.places(second).tolist() == [1, -1, 2, -1, 0]
    assert contents.point_names(second)[3] == "left wing"
    assert contents.unplaced == 2


def test_parts_that_were_found_later_are_read_beside(
    made: Callable[[str], Any], tmp_path: Path
) -> None:
    source = made("free").folder
    shutil.copytree(source, tmp_path / "run")
    found = tmp_path / "run" / "parts"
    found.mkdir()
    (found / "model.json").write_text(json.dumps({"names": ["head", "tail"]}))
    ids = [record.image.image_id for record in open_contents(source)]
    rows = {"image_id": [ids[0], ids[0], ids[2]], "rank": [3, 1, 1], "part": [0, 1, 0]}
    table = pa.table(rows | {"score": [1.0, 1.0, 1.0]}, schema=ASSIGNED)
    pq.write_table(table, found / "keypoints.parquet")
    contents = open_contents(tmp_path / "run")
    assert contents.names == ("head", "tail")
    assert [record.column("part").tolist() for record in contents] == [[1, -1, 0], [-1] * 5, [0]]
    pq.write_table(table.take([2, 0, 1]), found / "keypoints.parquet")
    with pytest.raises(RunError, match="not in the order"):
        list(open_contents(tmp_path / "run"))


def test_nothing_half_written_is_left(made: Callable[[str], Any], tmp_path: Path) -> None:
    def breaks(contents: Any, out: Path) -> None:
        out.mkdir()
        (out / "half").write_text("x")
        raise ExportError("no")

    EXPORTERS["breaks"] = breaks
    try:
        with pytest.raises(ExportError, match="no"):
            export_run(made("free").folder, "breaks", tmp_path / "out")
    finally:
        del EXPORTERS["breaks"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(made: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="is there already"):
        export_run(made("free").folder, "json", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
    with pytest.raises(ExportError, match="cannot be written"):
        export_run(made("free").folder, "json", tmp_path / "out" / "below")


def test_what_cannot_be_done_is_told(made: Callable[[str], Any], tmp_path: Path) -> None:
    run = made("free").folder
    with pytest.raises(SettingError, match="did you mean 'coco'"):
        export_run(run, "cocoo", tmp_path / "out")
    with pytest.raises(SettingError, match="top is 0"):
        export_run(run, "coco", tmp_path / "out", top=0)
    with pytest.raises(RunError, match="holds no run"):
        export_run(tmp_path / "nothing", "coco", tmp_path / "out")
    with pytest.raises(RunError, match="no review"):
        export_run(run, "coco", tmp_path / "out", review=tmp_path)


def test_an_exporter_from_outside(made: Callable[[str], Any], tmp_path: Path) -> None:
    done = export_run(made("free").folder, "gnomon.export.coco:write_coco", tmp_path / "out")
    assert json.loads(done.path.read_text())["images"]


@pytest.mark.parametrize("format_", ["yolo", "hf", "deeplabcut"])
def test_a_photograph_that_is_gone_is_left_out_and_named(
    format_: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    run = made("free").folder
    picture = Path(next(iter(open_contents(run))).image.path)
    picture.rename(tmp_path / "away.jpg")
    try:
        done = export_run(run, format_, tmp_path / "out")
    finally:
        (tmp_path / "away.jpg").rename(picture)
    assert done.absent == {str(picture): Absence.GONE}
    whole = export_run(run, format_, tmp_path / "whole")
    assert (done.n_images, whole.n_images) == (2, 3)
    assert whole.n_points - done.n_points == 3
    assert whole.absent == {}


NEEDS = {"h5": "h5py", "colmap": "pycolmap", "deeplabcut": "pandas"}


@pytest.mark.parametrize("format_", NEEDS)
def test_a_missing_library_is_a_sentence(
    format_: str,
    made: Callable[[str], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, NEEDS[format_], None)
    with pytest.raises(SettingError, match=rf"pip install 'gnomon\[{format_}\]'"):
        export_run(made("free").folder, format_, tmp_path / "out")


def test_other_formats_import_no_library(made: Callable[[str], Any], tmp_path: Path) -> None:
    code = f"""
import sys
from gnomon.export import EXPORTERS, export_run
for name in set(EXPORTERS) - {set(NEEDS)}:
    export_run({str(made("unicode").folder)!r}, name, {str(tmp_path)!r} + "/" + name)
heavy = "tables datasets h5py pycolmap pycocotools supervision label_studio_sdk matplotlib"
print(sorted(set(heavy.split()) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_stand_below_what_is_common() -> None:
    assert common_root([]) == ""
    assert common_root(["/a/b.jpg"]) == "/a"
    assert common_root(["/a/b.jpg", "/ab/c.jpg"]) == ""
    assert common_root(["s3://x/1.jpg", "/a/1.jpg"]) == ""


STREAMED = sorted(set(EXPORTERS) - {"deeplabcut"})
"""DeepLabCut's HDF5 is written at once."""


@pytest.mark.slow
@pytest.mark.parametrize("format_", STREAMED)
def test_memory_does_not_grow_with_the_run(
    format_: str, many: Callable[[int], Path], tmp_path: Path
) -> None:
    def peak(n_images: int) -> int:
        run = many(n_images)
        export_run(run, format_, tmp_path / f"warm-{n_images}", top=1)
        tracemalloc.start()
        export_run(run, format_, tmp_path / f"out-{n_images}")
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(768) < 1.5 * peak(256)

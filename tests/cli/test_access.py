"""What a run records is not obeyed: its photographs, by every verb that shows or copies them."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from answering import Server, answering

from gnomon.cli.access import Access
from gnomon.cli.export import export
from gnomon.cli.report import report
from gnomon.corrections import read_corrections, write_corrections
from gnomon.export import export_run, open_contents
from gnomon.parts.gather import gather
from gnomon.runs import read_run
from gnomon.web.album import Album

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = ("bison", "crab", "macaw")


def record(run: Path, change: Callable[[str], str]) -> None:
    """Change the paths that a run recorded; everything else stays, ids too."""
    for part in (run / "images").iterdir():
        table = pq.read_table(part)
        paths = [[change(path) for path in table["path"].to_pylist()]]
        place = table.column_names.index("path")
        pq.write_table(table.set_column(place, table.schema.field("path"), paths), part)


@pytest.fixture
def server() -> Iterator[Server]:
    files = {f"/{name}.jpg": (SAMPLES / f"{name}.jpg").read_bytes() for name in NAMES}
    with answering(files) as one:
        yield one


def shown(run: Path) -> int:
    """Count the photographs in the report."""
    return len(re.findall(r'<image id="p\d+" href="data:', (run / "report.html").read_text()))


def test_urls_in_a_run_are_asked_by_no_verb(
    a_run: Path, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(a_run, lambda path: f"{server.url}/{Path(path).name}")
    report(a_run, quiet=True)
    said = capsys.readouterr().err
    assert "3 images of the run are behind a URL: http://127.0.0.1:" in said
    assert "fetch them with --fetch, or give them with --images FOLDER" in said
    report(a_run, access=Access(fetch=True), quiet=True)
    assert "on a host that only you can name" in capsys.readouterr().err
    report(a_run, format="png", access=Access(fetch=True), quiet=True)
    assert shown(a_run) == 0
    assert not list((a_run / "figures").glob("*.png"))
    for kind in ("yolo", "hf", "deeplabcut"):
        done = export(str(a_run), format=kind, out=tmp_path / kind, access=Access(fetch=True))
        assert (done.exit_status, done.n_done, done.n_failed) == (2, 0, 3)
        assert "left out: 3 images of the run are on a host" in capsys.readouterr().err
    album = Album(read_run(a_run))
    assert [album.file(image_id, 96) for image_id in album.rows] == [None] * 3
    assert server.asked == []


def test_urls_in_a_run_are_asked_where_the_user_named_the_host(
    a_run: Path, server: Server, tmp_path: Path
) -> None:
    record(a_run, lambda path: f"{server.url}/{Path(path).name}")
    named = Access(fetch_from=(f"127.0.0.1:{server.port}",))
    report(a_run, access=named, quiet=True)
    assert shown(a_run) == 3
    done = export(str(a_run), format="yolo", out=tmp_path / "yolo", access=named, quiet=True)
    assert done.exit_status == 0
    for name in NAMES:
        copied = tmp_path / "yolo" / "images" / f"{name}.jpg"
        assert copied.read_bytes() == server.files[f"/{name}.jpg"]
    album = Album(read_run(a_run), named.photographs())
    assert all(album.file(image_id, 96) for image_id in album.rows)


def test_another_picture_of_this_machine_is_neither_shown_nor_copied(
    a_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private = tmp_path / "private" / "letter.jpg"
    private.parent.mkdir()
    shutil.copy(SAMPLES / "coffee.jpg", private)
    record(a_run, lambda path: str(private) if "crab" in path else path)
    report(a_run, quiet=True)
    assert f"1 image of the run is not the run's any more: {private};" in capsys.readouterr().err
    assert shown(a_run) == 2
    assert f"{private} is not the run&#39;s any more" in (a_run / "report.html").read_text()
    done = export(str(a_run), format="yolo", out=tmp_path / "yolo", quiet=True)
    assert (done.exit_status, done.n_done, done.n_failed) == (1, 2, 1)
    copied = [path for path in (tmp_path / "yolo" / "images").rglob("*") if path.is_file()]
    assert private.read_bytes() not in [path.read_bytes() for path in copied]
    assert len(copied) == len(list((tmp_path / "yolo" / "labels").rglob("*.txt"))) == 2
    album = Album(read_run(a_run))
    assert sum(album.file(one, 96) is None for one in album.rows) == 1
    said = {album.rows[one]["path"]: album.absence(one) for one in album.rows}
    assert said.pop(str(private)).startswith("the photograph is not the run's any more; give")
    assert set(said.values()) == {""}


def test_a_folder_says_where_they_are_now(
    a_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(a_run, lambda path: f"/gone/birds/{Path(path).name}")
    report(a_run, quiet=True)
    assert "not here: /gone/birds/" in capsys.readouterr().err
    assert shown(a_run) == 0
    access = Access(images=SAMPLES)
    report(a_run, access=access, quiet=True)
    assert shown(a_run) == 3
    assert capsys.readouterr().err == ""
    export(str(a_run), format="hf", out=tmp_path / "hf", access=access, quiet=True)
    rows = pq.read_table(tmp_path / "hf" / "data").to_pylist()
    found = {row["image"]["path"]: row["image"]["bytes"] for row in rows}
    assert found == {f"{name}.jpg": (SAMPLES / f"{name}.jpg").read_bytes() for name in NAMES}


class NoFeatures:
    """Stands for the network, which is not asked as no photograph is here."""


def test_parts_are_not_learnt_from_another_picture(a_run: Path, tmp_path: Path) -> None:
    for number in range(3):
        shutil.copy(SAMPLES / "coffee.jpg", tmp_path / f"{number}.jpg")
    record(a_run, lambda path: str(tmp_path / f"{NAMES.index(Path(path).stem)}.jpg"))
    nothing: Any = NoFeatures()
    with pytest.raises(Exception, match=r"can show parts: .*: not the run's any more"):
        gather(read_run(a_run), nothing, nothing)


def test_corrections_name_the_photographs_where_they_are_now(a_run: Path, tmp_path: Path) -> None:
    record(a_run, lambda path: f"/gone/{Path(path).name}")
    export_run(a_run, "coco", tmp_path / "coco.json")
    contents = open_contents(a_run, photographs=Access(images=SAMPLES).photographs())
    found = read_corrections(contents, "coco", tmp_path / "coco.json")
    write_corrections(found, contents, tmp_path / "corrected")
    images = json.loads((tmp_path / "corrected" / "landmarks.json").read_text())["images"]
    assert {one["path"] for one in images} == {str(SAMPLES / f"{name}.jpg") for name in NAMES}


def test_points_that_only_a_photograph_could_turn_are_left_out_and_named(
    a_run: Path, tmp_path: Path
) -> None:
    """The tool shows the stored pixels; which way they are turned, only the file can say."""
    export_run(a_run, "coco", tmp_path / "coco.json")
    coco = json.loads((tmp_path / "coco.json").read_text())
    coco["images"][0]["width"], coco["images"][0]["height"] = 7, 9
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    gone = f"/gone/{coco['images'][0]['file_name']}"
    record(a_run, lambda path: gone if Path(path).name == Path(gone).name else path)
    contents = open_contents(a_run)
    found = read_corrections(contents, "coco", tmp_path / "coco.json")
    assert len(found.images) == 2
    assert list(contents.photographs.absent) == [gone]

"""Photographs whose names are Latin-1: through every verb, and back to the file itself."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from gnomon.cli import main
from gnomon.cli.detect import detect
from gnomon.cli.export import export
from gnomon.cli.import_ import import_
from gnomon.corrections import read_corrections
from gnomon.datasets import open_dataset
from gnomon.datasets.sample import Sample
from gnomon.export import EXPORTERS, export_run, open_contents
from gnomon.path_text import text_path
from gnomon.report import write_report
from gnomon.runs import read_run
from gnomon.runs.annotated import annotated
from gnomon.runs.check import check_run
from gnomon.runs.photographs import Photographs
from gnomon.tables import image_id
from gnomon.web.album import Album

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = {
    "macaw": "ph\udcf6tos/caf\udce9.jpg",
    "bison": "ph\udcf6tos/caf\\xe9.jpg",
    "crab": "ph\udcf6tos/na\udcefve größe/crab.jpg",
}
TEXTS = {
    "macaw": r"ph\xf6tos/caf\xe9.jpg",
    "bison": r"ph\xf6tos/caf\x5cxe9.jpg",
    "crab": r"ph\xf6tos/na\xefve größe/crab.jpg",
}
BROKEN = "ph\udcf6tos/br\udcf6ken.jpg"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Detect in photographs of such names, from inside a folder of such a name."""
    home = tmp_path_factory.mktemp("bytes") / "h\udcf6me"
    try:
        (home / NAMES["crab"]).parent.mkdir(parents=True)
    except OSError:
        pytest.skip("this file system has no names that are not UTF-8")
    for sample, name in NAMES.items():
        shutil.copy(SAMPLES / f"{sample}.jpg", home / name)
    (home / BROKEN).write_bytes(b"no photograph")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        done = detect(
            ("ph\udcf6tos",),
            out="r\udcfcn",
            model="embedded/squeezenet1_1",
            size=(112, 112),
            device="cpu",
            figures=False,
            save_heatmaps=True,
            quiet=True,
        )
    assert (done.n_done, done.n_failed) == (3, 1)
    return home


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the run, from where it was detected."""
    monkeypatch.chdir(home)
    return Path("r\udcfcn")


def test_the_run_names_its_files_as_text(run: Path) -> None:
    found = read_run(run)
    assert set(found.images["path"].to_pylist()) == set(TEXTS.values())
    assert {image_id(name) for name in NAMES.values()} == set(found.images["image_id"].to_pylist())
    for path, content in zip(
        *(found.images[name].to_pylist() for name in ("path", "content_hash")), strict=True
    ):
        assert Photographs().find(path, content).place == text_path(path)
    (failure,) = found.failures
    assert failure.path == r"ph\xf6tos/br\xf6ken.jpg"
    assert text_path(failure.path) == BROKEN
    for file in run.glob("*.json*"):
        json.loads(file.read_text("utf-8").splitlines()[0] if file.suffix == ".jsonl" else "0")
        file.read_text("utf-8")


@pytest.mark.parametrize("format_", EXPORTERS)
def test_every_export_has_every_photograph(format_: str, run: Path, tmp_path: Path) -> None:
    """What each holds of them, test_conformance.py reads."""
    out = tmp_path / "\udcf6ut"
    done = export_run(run, format_, out)
    assert (done.n_images, dict(done.absent)) == (3, {})
    written = [done.path] if done.path.is_file() else list(done.path.rglob("*"))
    for path in written:
        if path.suffix in (".json", ".xml", ".csv", ".txt", ".yaml", ".md"):
            path.read_text("utf-8")


def test_names_in_an_export_are_the_texts(run: Path, tmp_path: Path) -> None:
    texts = {text.removeprefix(r"ph\xf6tos/") for text in TEXTS.values()}
    literal = r"caf\x5cxe9.jpg"
    contents = open_contents(run)
    names = {contents.name(record.image) for record in contents}
    assert names & texts == texts - {literal}, "a backslash is no letter of a safe name"
    (other,) = names - texts
    assert other.startswith("caf_x5cxe9~")
    tasks = json.loads(
        (export_run(run, "label-studio", tmp_path / "out").path / "tasks.json").read_text("utf-8")
    )
    addresses = {task["data"]["image"].rpartition("/")[2] for task in tasks}
    assert addresses == {"caf%E9.jpg", "caf%5Cxe9.jpg", "crab.jpg"}


def without_ids(format_: str, out: Path) -> Path:
    """Return the file that a tool would give back, images by their names alone."""
    if format_ == "coco":
        coco = json.loads(out.read_text("utf-8"))
        for image in coco["images"]:
            del image["gnomon_id"]
        out.write_text(json.dumps(coco))
        return out
    if format_ == "cvat":
        return out / "annotations.xml"
    tasks = json.loads((out / "tasks.json").read_text("utf-8"))
    for task in tasks:
        task["annotations"] = task.pop("predictions")
        del task["data"]["gnomon_id"], task["data"]["name"]
    (out / "tasks.json").write_text(json.dumps(tasks))
    return out / "tasks.json"


@pytest.mark.parametrize("format_", ["coco", "cvat", "label-studio"])
def test_what_comes_back_is_of_the_same_photographs(
    format_: str, run: Path, tmp_path: Path
) -> None:
    given = without_ids(format_, export_run(run, format_, tmp_path / "out").path)
    found = read_corrections(open_contents(run), format_, given)
    assert found.unknown == ()
    assert found.changes.kept == read_run(run).keypoints.num_rows
    import_(str(run), given, format=format_, out=Path("b\udce4ck") / format_, quiet=True)
    samples = list(open_dataset(f"corrected:b\udce4ck/{format_}"))
    assert {os.path.relpath(one.image) for one in samples} == set(NAMES.values())


def test_report_check_and_page(run: Path) -> None:
    assert check_run(run).faults == ()
    photographs = Photographs()
    page = write_report(read_run(run), photographs=photographs).read_text("utf-8")
    assert photographs.absent == {}
    assert r"ph\\xf6tos" in page or r"ph\xf6tos" in page
    album = Album(read_run(run), photographs)
    assert [album.picture(one).size for one in album.rows]


def test_a_data_set_of_such_names_is_found_in_the_run(run: Path) -> None:
    found = annotated(read_run(run), [Sample(Path(name), label="") for name in NAMES.values()])
    assert {str(one.image) for one in found.samples} == set(NAMES.values())
    assert found.absent == ()


def test_on_the_terminal_it_is_the_same_text(
    run: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["gnomon", "check", "n\udcf6thing"])
    with pytest.raises(SystemExit):
        main()
    assert r"n\xf6thing holds no run" in capfd.readouterr().err
    done = export(str(run), format="json", out=Path("\udcf6ut.json"))
    assert done.path == Path("\udcf6ut.json")
    assert capfd.readouterr().out == "\\xf6ut.json\n"

"""Nothing is made before there is something to put in, and nothing of the user's is removed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_disk import remount, small_disk

from gnomon.runs import read_run
from gnomon.runs.figure_file import figure_file

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("brids",), "brids: no such file"),
        (("brids", "other/*.jpg"), "nor is there one in 1 more"),
        (("empty",), "no image in this folder"),
        (("empty.txt",), "no image in this list"),
        (("empty.csv",), "no image in this list"),
        (("*.jpg",), "no file matches"),
        (("cub:brids",), "brids"),
        (("empty/*",), "no file matches"),
    ],
)
def test_a_typing_error_loads_no_model_and_leaves_no_run(
    given: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("gnomon.detector.Detector.__init__", loaded)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").touch()
    (tmp_path / "empty.csv").write_text("path\n")
    assert run("detect", *given, "--out", "runs/x") == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "runs").exists()


def test_an_input_that_is_no_list_leaves_no_run(
    tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Found only while inputs are listed, after an image."""
    (tmp_path / "broken.csv").write_text("a,b\n1,2\n")
    words = (SAMPLES / "cat.jpg", tmp_path / "broken.csv", "--out", tmp_path / "runs" / "x")
    assert run("detect", *words, "--device", "cpu", "--size", "32", "32") == 2
    assert "broken.csv" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["broken.csv"]


def test_a_run_that_is_there_is_refused_before_the_model_is_loaded(
    a_run: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., int]
) -> None:
    monkeypatch.delattr("gnomon.detector.Detector.__init__")
    assert run("detect", SAMPLES / "cat.jpg", "--out", a_run) == 2


@pytest.mark.parametrize("verb", ["evaluate", "salient"])
def test_a_refused_verb_leaves_no_folder(
    verb: str, a_run: Path, tmp_path: Path, run: Callable[..., int]
) -> None:
    before = sorted(a_run.rglob("*"))
    (tmp_path / "data").mkdir()
    assert run(verb, a_run, "--dataset", f"corrected:{tmp_path / 'data'}") == 2
    assert sorted(a_run.rglob("*")) == before


def test_a_report_keeps_the_user_s_pages(a_run: Path, run: Callable[..., int]) -> None:
    assert run("report", a_run, "--quiet") == 0
    page = (a_run / "report.html").read_text()
    mine = {"report-final.html": "mine", "report-7.html": "mine", "report-2026.html": page}
    for name, text in mine.items():
        (a_run / name).write_text(text)
    own = page.replace("gnomon report, report.html", "gnomon report, report-3.html")
    (a_run / "report-3.html").write_text(own)
    assert run("report", a_run, "--quiet") == 0
    assert {name: (a_run / name).read_text() for name in mine} == mine
    assert not (a_run / "report-3.html").exists()
    (a_run / "report.html").write_text("mine")
    assert run("report", a_run, "--quiet") == 2
    assert (a_run / "report.html").read_text() == "mine"


@pytest.mark.parametrize("format_", ["html", "png", "svg", "pdf"])
@pytest.mark.parametrize("planted", ["folder", "file"])
def test_a_report_follows_no_link(
    format_: str, planted: str, a_run: Path, tmp_path: Path, run: Callable[..., int]
) -> None:
    image = read_run(a_run).images.to_pylist()[0]
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / Path(figure_file(image["path"], image["image_id"], format_)).name
    file.write_text("mine")
    if format_ == "html":
        (a_run / "report.html").symlink_to(file)
    elif planted == "folder":
        (a_run / "figures").symlink_to(tmp_path / "mine")
    else:
        (a_run / "figures").mkdir()
        (a_run / "figures" / file.name).symlink_to(file)
    assert run("report", a_run, "--format", format_, "--quiet") == 2
    assert [path.read_text() for path in (tmp_path / "mine").iterdir()] == ["mine"]


def test_a_full_or_locked_disk_is_a_sentence_for_a_report(
    a_run: Path, tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    size = sum(path.stat().st_size for path in a_run.rglob("*")) // 1024 + 120
    with small_disk(tmp_path / "disk", f"{size}k") as disk:
        shutil.copytree(a_run, disk / "run")
        (disk / "run" / "report.html").write_text("<title>gnomon: the old one")
        filled = min(size * 1024, 60_000)
        (disk / "filler").write_bytes(bytes(filled))
        for words in (("--format", "png"), ()):
            assert run("report", disk / "run", *words, "--quiet") == 2
            said = " ".join(capsys.readouterr().err.split())
            assert "cannot be written: No space left on device" in said
        assert (disk / "run" / "report.html").read_text() == "<title>gnomon: the old one"
        remount(disk, "ro")
        for format_ in ("html", "svg"):
            assert run("report", disk / "run", "--format", format_, "--quiet") == 2
            said = " ".join(capsys.readouterr().err.split())
            assert "cannot be written: Read-only file system" in said
        assert run("detect", SAMPLES / "cat.jpg", "--out", disk / "x", "--size", "32", "32") == 2
        assert "Read-only" in " ".join(capsys.readouterr().err.split())
        assert not list(disk.rglob("*.part"))


def test_check_ends_with_0_1_or_2(
    a_run: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", a_run) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "1 sound parts, 0 faults\n")
    figure = a_run / "figures" / "x.png"
    figure.parent.mkdir(exist_ok=True)
    figure.write_bytes(b"")
    assert run("check", a_run, "--quiet") == 1
    assert "x.png is no whole PNG" in capsys.readouterr().out
    assert run("check", a_run.parent) == 2
    assert "holds no run" in " ".join(capsys.readouterr().err.split())

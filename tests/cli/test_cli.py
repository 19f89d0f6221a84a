"""The command line as a user meets it."""

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import gnomon
from gnomon.cli import VERBS

SAMPLES = Path(__file__).parents[2] / "samples"
QUICK = ("--device", "cpu", "--size", "64", "64", "--no-figures")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photo graphs"
    folder.mkdir()
    for name in ("cat", "coffee"):
        shutil.copy(SAMPLES / f"{name}.jpg", folder)
    return folder


def test_detect_writes_a_run_with_figures_and_report_a_page(
    tmp_path: Path, photographs: Path, run: Callable[..., int]
) -> None:
    out = tmp_path / "run"
    words = ("detect", photographs, "--out", out, "--device", "cpu", "--size", "64", "96")
    assert run(*words, "--keep", "0.5", "--save-heatmaps") == 0
    written = gnomon.read_run(out)
    assert written.images.num_rows == 2
    assert written.info.settings.keep == 0.5
    assert written.info.preprocessing.size == (64, 96)
    assert written.keypoints.num_rows == sum(written.images["n_keypoints"].to_pylist()) > 0
    names = ("cat", "coffee")
    for image_id, name in zip(written.images["image_id"].to_pylist(), names, strict=True):
        figure = out / "figures" / f"{name}-{image_id}.png"
        assert figure.read_bytes().startswith(b"\x89PNG")
        assert (out / "heatmaps" / f"{image_id}.npz").exists()
    assert run("report", out) == 0
    page = (out / "report.html").read_text()
    assert page.count("<article") == 2
    assert "cat.jpg" in page


def test_python_gets_the_rows_that_the_shell_gets(
    tmp_path: Path, photographs: Path, run: Callable[..., int]
) -> None:
    assert run("detect", photographs, "--out", tmp_path / "run", *QUICK) == 0
    written = gnomon.read_run(tmp_path / "run")
    found = gnomon.Detector(size=64, device="cpu")(photographs / "cat.jpg")
    mine = written.keypoints.slice(0, len(found.keypoints))
    np.testing.assert_array_equal(np.stack([mine["x"], mine["y"]], 1), found.keypoints.xy)


def test_bad_files_are_named_and_the_rest_is_done(
    tmp_path: Path,
    photographs: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (photographs / "empty.png").touch()
    (photographs / "text.jpg").write_text("no image")
    whole = (photographs / "cat.jpg").read_bytes()
    (photographs / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    out = tmp_path / "run"
    assert run("detect", photographs, "absent.jpg", "--out", out, *QUICK) == 1
    lines = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    names = {Path(line["path"]).name for line in lines}
    assert names == {"empty.png", "text.jpg", "cut.jpg", "absent.jpg"}
    assert {line["error"] for line in lines} == {"ImageError"}
    assert gnomon.read_run(out).images.num_rows == 2
    said = capsys.readouterr().err
    assert all(name in said for name in names)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("detect", "absent.jpg", "--out", "run"), "absent.jpg"),
        (("detect", "x.jpg", "--out", "run", "--model", "torchvision/vgg91"), "torchvision/vgg19"),
        (("detect", "x.jpg", "--out", "run", "--preset", "defualt"), "'default'"),
        (("detect", "x.jpg", "--out", "run", "--device", "gpu"), "allowed here: auto, cpu"),
        (("detect", "x.jpg", "--out", "run", "--stride", "0"), "stride is 0"),
        (("detect", "x.jpg", "--out", "run", "--keep", "2"), "keep is 2"),
        (("detect", "x.jpg", "--out", "."), "not empty"),
        (("detect", "x.jpg"), "--out"),
        (("detcet", "x.jpg"), "detect"),
        (("report", "absent"), "no run"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_a_sentence(
    words: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.jpg").touch()
    assert run(*words) == 2
    said = capsys.readouterr().err
    assert says in " ".join(said.split())
    assert "Traceback" not in said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(
    verb: str, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(verb, "--help") == 0
    assert f"Example: gnomon {verb} " in capsys.readouterr().out


def test_it_says_its_version(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out.split() == ["gnomon", importlib.metadata.version("gnomon")]


def test_wrong_choices_make_no_folder(tmp_path: Path, run: Callable[..., int]) -> None:
    out = tmp_path / "run"
    assert run("detect", SAMPLES, "--out", out, "--fill", "randon", *QUICK) == 2
    assert run("detect", SAMPLES, "--out", out, "--patch", "65", *QUICK) == 2
    assert not out.exists()


def test_an_interrupt_that_a_library_disguises_is_no_failed_input(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def disguised(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise TypeError("cannot compare") from None

    monkeypatch.setattr("gnomon.detector.Detector.detect", disguised)
    out = tmp_path / "run"
    assert run("detect", SAMPLES, "--out", out, *QUICK) == 130
    assert "--resume" in capsys.readouterr().err
    assert (out / "failures.jsonl").read_text() == ""


@pytest.mark.parametrize("executor", ["serial", "local"])
def test_control_c_keeps_what_is_done_and_resume_ends_as_if_undisturbed(
    tmp_path: Path, executor: str
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    picture = PIL.Image.open(SAMPLES / "cat.jpg").resize((80, 60))
    for number in range(12):
        picture.rotate(number).save(folder / f"{number:02}.png")
    command = [sys.executable, "-m", "gnomon", "detect", str(folder), *QUICK, "--threads", "1"]
    command.append("--out")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    interrupted = subprocess.Popen(
        [*command, str(tmp_path / "cut"), "--save-heatmaps", "--executor", executor],
        env=environment,
        stderr=subprocess.PIPE,
    )
    maps = tmp_path / "cut" / "heatmaps"
    deadline = time.monotonic() + 120
    while not any(maps.glob("*.npz")) and time.monotonic() < deadline:
        time.sleep(0.01)
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130, said
    assert b"--resume" in said
    kept = gnomon.read_run(tmp_path / "cut")
    assert 0 < kept.images.num_rows < 12
    subprocess.run([*command, str(tmp_path / "cut"), "--resume"], check=True, capture_output=True)
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    rows = []
    for name in ("cut", "whole"):
        written = gnomon.read_run(tmp_path / name)
        images = written.images.drop_columns(["seconds"]).to_pylist()
        rows.append(f"{images} {written.keypoints.to_pylist()}")
    assert rows[0] == rows[1]

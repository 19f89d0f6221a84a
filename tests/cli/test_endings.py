"""Long work as its user sees it: a try on a few images, the time left, and what to do next."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from served_page import start

import gnomon
from gnomon.cli import VERBS
from gnomon.cli.ending import opening
from gnomon.cli.progress import Progress

QUICK = ("--device", "cpu", "--size", "64", "64", "--no-figures")
SAMPLES = Path(__file__).parents[2] / "samples"
Run = Callable[..., int]
Captured = pytest.CaptureFixture[str]


def ends(capsys: Captured, path: object, *following: str) -> None:
    """See that a verb ended with the path that it wrote, and what to do next."""
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == str(path)
    commands = [line for line in said.err.splitlines() if line.startswith("next: ")]
    assert commands == [f"next: {one}" for one in following]


def test_detect_tries_the_first_images_and_says_what_is_next(
    tmp_path: Path, run: Run, capsys: Captured
) -> None:
    out = tmp_path / "a run"
    assert run("detect", SAMPLES, "--out", out, *QUICK, "--limit", 2) == 0
    ends(capsys, out, f"gnomon report '{out}'")
    paths = gnomon.read_run(out).images["path"].to_pylist()
    assert [Path(one).name for one in paths] == ["bison.jpg", "castle.jpg"]
    assert gnomon.read_run(out).info.n_inputs == 2


def test_report_and_export_try_the_first_images(a_run: Path, run: Run, capsys: Captured) -> None:
    page, out = a_run / "report.html", a_run.parent / "out"
    opener, _ = opening(page)
    assert run("report", a_run, "--limit", 2) == 0
    ends(capsys, page, f"{opener} {page}")
    assert page.read_text().count("<article") == 2
    assert run("report", a_run, "--limit", 1, "--format", "svg") == 0
    ends(capsys, a_run / "figures", f"{opener} {a_run / 'figures'}")
    assert len(list((a_run / "figures").glob("*.svg"))) == 1
    assert run("export", a_run, "--format", "csv", "--out", out, "--limit", 1) == 0
    ends(capsys, out, f"{opener} {out}")
    rows = (out / "images.csv").read_text().splitlines()
    assert len(rows) == 2
    tasks = a_run.parent / "tasks.json"
    assert run("export", a_run, "--format", "coco", "--out", tasks) == 0
    back = f"gnomon import {a_run} CORRECTED --format coco --out corrected"
    ends(capsys, tasks, back)


def test_quiet_verbs_print_the_path_alone(a_run: Path, run: Run, capsys: Captured) -> None:
    assert run("report", a_run, "--quiet") == 0
    ends(capsys, a_run / "report.html")


@pytest.mark.parametrize(
    "words",
    [
        ("detect", SAMPLES, "--out", "new"),
        ("report", "run"),
        ("evaluate", "run", "--dataset", "folder:x"),
        ("salient", "run"),
        ("parts", "run"),
        ("export", "run", "--format", "csv", "--out", "new"),
        ("train", "x", "--out", "new"),
    ],
)
def test_a_limit_is_a_number_of_images(
    words: tuple[object, ...],
    tmp_path: Path,
    run: Run,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words, "--limit", 0) == 2
    assert "limit is 0; it is a number of images, 1 or more" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_run_of_its_first_images(photographed: Path) -> None:
    whole = gnomon.read_run(photographed)
    two = whole.first(2)
    assert two.images["path"].to_pylist() == whole.images["path"].to_pylist()[:2]
    assert two.keypoints.num_rows == sum(whole.images["n_keypoints"].to_pylist()[:2])
    assert set(two.keypoints["image_id"].to_pylist()) == set(two.images["image_id"].to_pylist())
    assert len(list(two.iter_detections())) == 2
    assert two.info.n_images == 2
    assert whole.first(None) is whole
    assert whole.first(99).images.num_rows == 3


def test_the_time_left_is_known_though_an_image_takes_minutes() -> None:
    clock = [0.0]
    with Progress(4, quiet=True) as progress:
        bars = progress._bars
        bars.get_time = lambda: clock[0]
        (task,) = bars.task_ids
        bars.start_task(task)
        bars.reset(task)
        for now in (1.0, 91.0, 181.0):
            clock[0] = now
            progress.image_done()
        assert bars.tasks[0].time_remaining == pytest.approx(90, abs=1)


def test_training_tells_loss_and_accuracy_and_tries_a_few_images(
    tmp_path: Path, run: Run, capsys: Captured
) -> None:
    random = np.random.default_rng(0)
    for name in ("train", "test"):
        for label, low in (("dark", 0), ("bright", 160)):
            folder = tmp_path / "grays" / name / label
            folder.mkdir(parents=True)
            for number in range(6):
                pixels = random.integers(low, low + 90, (40, 50, 3), dtype=np.uint8)
                PIL.Image.fromarray(pixels).save(folder / f"{number}.png")
    out = tmp_path / "model"
    size = ("--size", 32, 32, "--device", "cpu", "--epochs", 2, "--batch-size", 4)
    words = ("train", tmp_path / "grays", "--arch", "embedded/squeezenet1_1", *size)
    assert run(*words, "--limit", 14, "--validation-share", 0.25, "--out", out) == 0
    said = capsys.readouterr()
    assert "2 classes, 14 images; splits: train 6, test 8" in said.err
    for number in (1, 2):
        assert f"epoch {number} of 2: loss 0." in said.err
    assert "on the validation images 0." in said.err
    assert said.out.splitlines() == [str(out / "model.safetensors")]
    assert f"next: gnomon detect PHOTOS --model {out} --out runs/mine" in said.err


def test_stopping_the_page_does_not_speak_of_resuming(tmp_path: Path) -> None:
    served = start(None)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(60) == 0
    assert "--resume" not in served.said
    assert "the page is closed" in served.said


@pytest.mark.parametrize("verb", VERBS)
def test_only_verbs_that_go_on_speak_of_it(
    verb: str, run: Run, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tyro.extras.subcommand_cli_from_dict", interrupted)
    assert run(verb) == 130
    assert ("--resume" in capsys.readouterr().err) == (verb in ("detect", "train"))


@pytest.mark.parametrize("target", ["core", "dev"])
def test_installing_says_first_how_large_it_is(target: str, tmp_path: Path) -> None:
    home = Path(__file__).parents[2]
    words = ["make", "--dry-run", "--always-make", f".venv/{target}"]
    done = subprocess.run(
        words, cwd=home, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    lines = done.stdout.splitlines()
    told = next(row for row, line in enumerate(lines) if "about 6 GB" in line)
    installed = next(row for row, line in enumerate(lines) if "--editable" in line)
    assert told < installed

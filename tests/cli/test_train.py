"""`gnomon train` as a user meets it."""

import json
import os
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

SMALL = ("--size", "64", "64", "--batch-size", "8", "--validation-share", "0.25", "--device", "cpu")
ARCH = ("--arch", "embedded/squeezenet1_1")


@pytest.fixture
def grays(tmp_path: Path) -> Path:
    """Give dark and bright pictures, six of each to train on and two to test."""
    random = np.random.default_rng(0)
    for name, count in (("train", 6), ("test", 2)):
        for label, low in (("dark", 0), ("bright", 160)):
            folder = tmp_path / "grays" / name / label
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(low, low + 90, (40, 50, 3), dtype=np.uint8)
                PIL.Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "grays"


def test_what_is_trained_can_be_detected_with(
    grays: Path,
    tmp_path: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (grays / "train/dark/broken.jpg").write_text("no image")
    model = tmp_path / "model"
    words = ("train", f"folder:{grays}", *ARCH, *SMALL, "--epochs", "3", "--out", model)
    assert run(*words) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith(
        "2 classes, 17 images; splits: train 13, test 4 images per class: bright 8, dark 9"
    )
    assert "broken.jpg" in said
    assert "of 4 test images right" in said
    assert "bright" in said
    photograph, out = grays / "test/bright/0.png", tmp_path / "run"
    detect = ("detect", photograph, "--no-figures", "--device", "cpu", "--out", out)
    assert run(*detect, "--model", model / "model.safetensors") == 0
    written = gnomon.read_run(out)
    assert written.images["label"].to_pylist()[0] in ("bright", "dark")
    assert written.info.preprocessing.size == (64, 64)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--arch", "torchvision/vgg91"), "did you mean 'torchvision/vgg19'"),
        ((*ARCH, "--labels", "viewpoint"), "--labels class"),
        ((*ARCH, "--labels", "part"), "--labels"),
        ((*ARCH, "--test-share", "0.2"), "own test split"),
        ((*ARCH, "--epochs", "0"), "epochs"),
        ((*ARCH, "--out", "."), "not empty"),
        (("--arch", "vgg91"), "torchvision/NAME"),
    ],
)
def test_what_cannot_be_trained_ends_with_2_and_a_sentence(
    words: tuple[str, ...],
    says: str,
    grays: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(grays)
    out = () if "--out" in words else ("--out", "new")
    assert run("train", grays, *SMALL, *out, *words) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert says in said
    assert "Traceback" not in said
    assert not (grays / "new").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_what_is_killed_and_resumed_ends_as_if_undisturbed(
    grays: Path, tmp_path: Path, kill: signal.Signals
) -> None:
    command = [sys.executable, "-m", "gnomon", "train", str(grays), *ARCH, *SMALL]
    command += ["--epochs", "20", "--patience", "20", "--head-epochs", "1", "--out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, str(tmp_path / "cut")],
        env=environment,
        stderr=subprocess.PIPE,
        # A test run in a shell's background would hand down that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as killed:
        last = tmp_path / "cut" / "checkpoints" / "last.ckpt"
        deadline = time.monotonic() + 120
        while not last.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.send_signal(kill)
        _, said = killed.communicate(timeout=60)
    assert killed.returncode == (130 if kill == signal.SIGINT else -kill), said
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    for words in ((str(tmp_path / "cut"), "--resume"), (str(tmp_path / "whole"),)):
        subprocess.run([*command, *words], check=True, capture_output=True, env=environment)
    digests = [
        json.loads((tmp_path / name / "training.json").read_text())["weights_sha256"]
        for name in ("cut", "whole")
    ]
    assert digests[0] == digests[1]

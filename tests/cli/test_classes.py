"""`gnomon detect` with weights and classes of the user's own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torchvision.models import get_model

import gnomon

SAMPLE = Path(__file__).parents[2] / "samples" / "cat.jpg"
QUICK = ("--device", "cpu", "--size", "64", "64", "--no-figures", "--quiet")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Save the weights of a network of two classes."""
    torch.manual_seed(0)
    network = get_model("squeezenet1_1", weights=None, num_classes=2)
    torch.save({"model": network.state_dict()}, tmp_path / "mine.pth")
    return tmp_path / "mine.pth"


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (("--classes", "cat,dog"), {"cat", "dog"}),
        (("--classes", "names.txt"), {"Katze", "Hund"}),
        ((), {"class 0", "class 1"}),
    ],
)
def test_the_run_has_their_names(
    words: tuple[str, ...],
    labels: set[str],
    weights: Path,
    run: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(weights.parent)
    Path("names.txt").write_text("Katze\nHund\n")
    model = ("--model", "torchvision/squeezenet1_1", "--weights", weights)
    assert run("detect", SAMPLE, "--out", "run", *model, *words, *QUICK) == 0
    recorded = gnomon.read_run("run")
    assert set(recorded.images["label"].to_pylist()) < labels
    assert set(recorded.info.class_names) == (labels if words else set())
    account = json.loads(Path("run/run.json").read_text())
    assert (account["outputs"], account["weights_file"]) == ("logits", str(weights))
    assert run("detect", SAMPLE, "--out", "run", *model, *words, *QUICK, "--resume") == 0
    other = ("--classes", "x,y")
    assert run("detect", SAMPLE, "--out", "run", *model, *other, *QUICK, "--resume") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--classes", "a,b,c"), "has 2 classes but 3 class names"),
        (("--classes", "absent.txt"), "there is no file 'absent.txt' of class names"),
        (("--outputs", "probabilities"), "gives no probabilities"),
    ],
)
def test_what_does_not_fit_is_said(
    words: tuple[str, ...],
    says: str,
    weights: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = ("--model", "torchvision/squeezenet1_1", "--weights", weights)
    out = weights.parent / "run"
    assert run("detect", SAMPLE, "--out", out, *model, *words, *QUICK) == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_several_classes_at_once(weights: Path, run: Callable[..., int]) -> None:
    model = ("--model", "torchvision/squeezenet1_1", "--weights", weights)
    out = weights.parent / "run"
    assert run("detect", SAMPLE, "--out", out, *model, "--outputs", "multilabel", *QUICK) == 0
    recorded = gnomon.read_run(out)
    assert recorded.info.outputs == "multilabel-logits"
    index, probability = (recorded.images[n][0].as_py() for n in ("label_index", "probability"))
    classifier = gnomon.load_classifier(
        "torchvision/squeezenet1_1", weights=weights, size=64, outputs="multilabel"
    )
    image = gnomon.load_image(SAMPLE, size=(64, 64))
    expected = classifier.logits(image.pixels[None])[0].sigmoid().detach()
    assert index == int(expected.argmax())
    assert probability == pytest.approx(float(expected.max()), abs=1e-6)

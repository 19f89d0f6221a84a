"""`gnomon plan`: any architecture without its weights, with all names in full."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torchvision.models import get_model

from gnomon.classifier.load import load_untrained
from gnomon.occlusion import plan


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing is fetched for a plan")

    monkeypatch.setattr("socket.socket.connect", refuse)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("model", ["torchvision/squeezenet1_1", "timm/mobilenetv3_small_050"])
def test_no_weights_are_needed(
    model: str, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", "--model", model, "--size", 64, 64) == 0
    assert "Conv2d" in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 110, 160])
@pytest.mark.parametrize("model", ["torchvision/densenet121", "timm/mobilenetv3_small_050"])
def test_names_are_whole_at_any_width(model: str, width: int) -> None:
    classifier = load_untrained(model, 64)
    planned = plan(classifier.scorer, (64, 64))
    written = io.StringIO()
    Console(file=written, width=width).print(planned)
    shown = written.getvalue()
    assert all(len(line) <= width for line in shown.splitlines())
    assert "…" not in shown
    assert max(len(node.name) for node in planned.nodes) > 20
    words = set(shown.split())
    for node in planned.nodes:
        assert node.name in words
        assert any(node.operation in word for word in words)


def test_weights_of_another_number_of_classes_are_planned_for(
    tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    network = get_model("squeezenet1_1", weights=None, num_classes=3)
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    words = ("--model", "torchvision/squeezenet1_1", "--weights", tmp_path / "mine.pth")
    assert run("plan", *words, "--size", 64, 64) == 0
    assert "classifier.1" in capsys.readouterr().out
    assert sys.exc_info() == (None, None, None)

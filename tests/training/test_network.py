from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gnomon.classifier import (
    Architecture,
    Classifier,
    build_network,
    load_classifier,
    save_checkpoint,
)
from gnomon.errors import ClassifierError
from gnomon.training.network import Start, beginner


@pytest.mark.parametrize(
    ("arch", "head"),
    [
        ("embedded/squeezenet1_1", {"classifier.1.weight", "classifier.1.bias"}),
        ("embedded/efficientnet-lite0", {"classifier.weight", "classifier.bias"}),
    ],
)
@pytest.mark.parametrize("n_classes", [4, 1000])
def test_the_head_is_new_and_everything_else_pretrained(
    arch: str, head: set[str], n_classes: int
) -> None:
    found = beginner(Start(arch), n_classes, seed=0)
    assert found.head == head
    own, source = found.network.state_dict(), load_classifier(arch).network.state_dict()
    assert list(own) == list(source)
    for name, tensor in own.items():
        if name in head:
            assert len(tensor) == n_classes
            assert tensor.abs().max() < 0.1
        else:
            assert torch.equal(tensor, source[name])
    assert beginner(Start(arch), n_classes, seed=0).weights_sha256 == found.weights_sha256
    assert beginner(Start(arch), n_classes, seed=1).weights_sha256 != found.weights_sha256


@pytest.mark.parametrize(
    "arch", ["torchvision/mobilenet_v3_small", "timm/test_vit", "timm/test_resnet"]
)
def test_any_network_can_start_from_nothing(arch: str) -> None:
    found = beginner(Start(arch, scratch=True, size=(160, 160)), 5, seed=0)
    assert found.architecture == Architecture(arch, 5)
    classifier = found.classifier(tuple("abcde"), "five")
    assert classifier.probabilities(torch.rand(1, 3, 160, 160)).shape == (1, 5)


def test_a_weights_file_fills_all_but_the_head(tmp_path: Path) -> None:
    torch.manual_seed(3)
    given = build_network(Architecture("torchvision/squeezenet1_1", 1000)).state_dict()
    save_file(given, tmp_path / "weights.safetensors")
    start = Start("torchvision/squeezenet1_1", weights=tmp_path / "weights.safetensors")
    found = beginner(start, 3, seed=0)
    for name, tensor in found.network.state_dict().items():
        assert (name in found.head) != torch.equal(tensor, given[name])


def test_gnomons_own_checkpoint_can_be_trained_on(tmp_path: Path) -> None:
    before = beginner(Start("embedded/squeezenet1_1", size=(64, 96)), 3, seed=0)
    save_checkpoint(before.classifier(("a", "b", "c"), "abc"), tmp_path / "abc.safetensors")
    after = beginner(Start(str(tmp_path / "abc.safetensors")), 5, seed=0)
    assert after.preprocessing == before.preprocessing
    assert after.architecture == Architecture("torchvision/squeezenet1_1", 5)


def test_weights_that_are_not_at_hand_get_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(ClassifierError, match=r"--weights FILE.*random weights: --scratch"):
        beginner(Start("torchvision/vgg19"), 3, seed=0)


def test_what_cannot_get_a_new_head_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClassifierError, match="did you mean 'torchvision/vgg19'"):
        beginner(Start("torchvision/vgg91"), 3, seed=0)
    with pytest.raises(ClassifierError, match="did you mean 'torchvision/vgg19'"):
        beginner(Start("torchvision/vgg91", scratch=True), 3, seed=0)
    with pytest.raises(ClassifierError, match="leave --weights out"):
        beginner(Start("torchvision/vgg19", tmp_path / "w.pth", scratch=True), 3, seed=0)
    flat = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    for architecture, says in ((None, "does not know how to build"), ("hf", "Hugging Face")):
        known = architecture and Architecture(architecture, 2, "{}")
        monkeypatch.setattr(
            "gnomon.training.network.load_classifier",
            lambda *_, known=known, **__: Classifier(flat, architecture=known or None),
        )
        with pytest.raises(ClassifierError, match=says):
            beginner(Start("mine:network"), 3, seed=0)

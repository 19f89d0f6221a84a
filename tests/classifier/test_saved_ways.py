"""Checkpoints as training scripts save them, each of the same small network."""

import argparse
import copy
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torchvision.models import get_model

from gnomon import Detector, load_classifier, save_checkpoint
from gnomon.classifier.copying import structural_copy
from gnomon.errors import ClassifierError

NAME = "torchvision/squeezenet1_1"


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Make a network of five classes, of which the library has a thousand."""
    torch.manual_seed(0)
    made: nn.Module = get_model("squeezenet1_1", weights=None, num_classes=5)
    return made.eval()


def under(prefix: str) -> Callable[[nn.Module], dict[str, Tensor]]:
    return lambda network: {f"{prefix}{name}": each for name, each in network.state_dict().items()}


def trained(network: nn.Module) -> dict[str, Any]:
    """Keep what a script keeps beside the weights."""
    optimizer = torch.optim.AdamW(network.parameters())
    return {
        "net": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "args": argparse.Namespace(lr=0.1, out=Path("out"), other=SimpleNamespace(a=1)),
        "best": np.float64(0.93),
        "epoch": np.int64(7),
        "history": np.arange(4),
        "windows": PureWindowsPath("c:/a"),
    }


def averaged(network: nn.Module) -> dict[str, Any]:
    average = AveragedModel(network)
    average.update_parameters(network)
    return average.state_dict()


WAYS: dict[str, Callable[[nn.Module], Any]] = {
    "the state alone": lambda network: network.state_dict(),
    "state_dict": lambda network: {"state_dict": network.state_dict(), "epoch": 3},
    "model_state_dict": lambda network: {"model_state_dict": network.state_dict(), "loss": 0.1},
    "model": lambda network: {"model": network.state_dict()},
    "net, with numbers and arguments": trained,
    "ema": lambda network: {"ema": {"decay": 0.99, "module": network.state_dict()}},
    "weights before their average": lambda network: {
        "ema": {name: each * 0 for name, each in network.state_dict().items()},
        "model": network.state_dict(),
    },
    "AveragedModel": averaged,
    "DataParallel": lambda network: nn.DataParallel(network).state_dict(),
    "compiled": under("_orig_mod."),
    "compiled inside": lambda network: {
        name.replace("features.", "features._orig_mod."): each
        for name, each in network.state_dict().items()
    },
    "distributed and compiled": under("module._orig_mod."),
    "Lightning": lambda network: {
        "state_dict": under("model.")(network),
        "pytorch-lightning_version": "2.5",
        "hyper_parameters": {"lr": 0.1},
    },
    "net.": under("net."),
    "backbone.": under("backbone."),
    "an attribute of any name": lambda network: {"model_state": under("classifier_net.")(network)},
    "numbers among the tensors": lambda network: network.state_dict() | {"epoch": 3},
    "half precision": lambda network: copy.deepcopy(network).bfloat16().state_dict(),
}


@pytest.mark.parametrize("way", WAYS)
def test_weights_are_found_and_their_classes_counted(
    network: nn.Module, way: str, tmp_path: Path
) -> None:
    torch.save(WAYS[way](network), tmp_path / "mine.pth")
    found = load_classifier(NAME, weights=tmp_path / "mine.pth", size=64)
    assert_same(found.network, network, rtol=2**-8 if way == "half precision" else 0)
    assert found.class_names == tuple(f"class {i}" for i in range(5))
    assert found.architecture is not None
    assert found.architecture.n_classes == 5


def assert_same(one: nn.Module, other: nn.Module, rtol: float = 0) -> None:
    mine, others = one.state_dict(), other.state_dict()
    assert list(mine) == list(others)
    for name, tensor in mine.items():
        torch.testing.assert_close(tensor, others[name], rtol=rtol, atol=0)


def test_other_files_of_weights(network: nn.Module, tmp_path: Path) -> None:
    save_file(under("module.")(network), tmp_path / "mine.safetensors")
    torch.save(
        {"model": network.state_dict()},
        tmp_path / "old.pth.tar",
        _use_new_zipfile_serialization=False,
    )
    for name in ("mine.safetensors", "old.pth.tar"):
        classifier = load_classifier(NAME, weights=tmp_path / name, size=64)
        assert_same(classifier.network, network)


def test_gnomon_s_own_checkpoint_keeps_what_it_knows(network: nn.Module, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    first = load_classifier(
        NAME, weights=tmp_path / "mine.pth", class_names=list("abcde"), size=64, resize="pad"
    )
    (tmp_path / "trained").mkdir()
    save_checkpoint(first, tmp_path / "trained" / "model.safetensors")
    for weights in (tmp_path / "trained", tmp_path / "trained" / "model.safetensors"):
        again = load_classifier(NAME, weights=weights)
        assert (again.class_names, again.preprocessing) == (first.class_names, first.preprocessing)
        assert again.name == "trained"
    with pytest.raises(ClassifierError, match="is a checkpoint of torchvision/squeezenet1_1, not"):
        load_classifier("torchvision/alexnet", weights=tmp_path / "trained")


def test_one_output_is_two_classes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = get_model("squeezenet1_1", weights=None, num_classes=1)
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    detector = Detector(
        NAME, weights=tmp_path / "mine.pth", class_names=["no", "yes"], size=64, device="cpu"
    )
    assert detector.classifier.outputs == "binary-logits"


def test_what_is_left_over_or_missing_is_listed(network: nn.Module, tmp_path: Path) -> None:
    state = under("model.")(network) | {"criterion.weight": torch.ones(5)}
    torch.save({"state_dict": state}, tmp_path / "a.pth")
    with pytest.raises(ClassifierError, match=r"of 52 tensors, 1 unexpected \(criterion.weight\);"):
        load_classifier(NAME, weights=tmp_path / "a.pth")
    torch.save(dict(list(network.state_dict().items())[7:]), tmp_path / "b.pth")
    names = ", ".join(list(network.state_dict())[:5])
    with pytest.raises(ClassifierError, match=rf"7 missing \({names}, \.\.\.\)"):
        load_classifier(NAME, weights=tmp_path / "b.pth")
    torch.save(network.state_dict(), tmp_path / "c.pth")
    with pytest.raises(ClassifierError, match="has 5 classes but 3 class names"):
        load_classifier(NAME, weights=tmp_path / "c.pth", class_names=["a", "b", "c"])


class Custom:
    """Something of a user's own beside the weights."""


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_programs_and_other_pickles_are_refused_with_what_to_do(
    network: nn.Module, tmp_path: Path
) -> None:
    small = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    scripted: Any = torch.jit.script(small)
    scripted.save(tmp_path / "script.pt")
    exported = torch.export.export(small, (torch.rand(2, 3, 8, 8),))
    torch.export.save(exported, tmp_path / "exported.pt2")
    torch.save(small, tmp_path / "whole.pth")
    torch.save({"model": small.state_dict(), "cfg": Custom()}, tmp_path / "custom.pth")
    for name, says in (
        ("script.pt", r"is a program.*gnomon\.Detector\(torch\.jit\.load\(FILE\)\)"),
        ("exported.pt2", r"is a program.*torch\.export\.load\(FILE\)\.module\(\)"),
        ("whole.pth", r"holds a torch\.nn\.modules\.container\.Sequential.*save the network's"),
        ("custom.pth", r"holds a [\w.]+\.Custom.*state_dict\(\)"),
    ):
        for arguments in ({"spec": NAME, "weights": tmp_path / name}, {"spec": tmp_path / name}):
            with pytest.raises(ClassifierError, match=says):
                load_classifier(**arguments)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_script_is_taken_over_without_a_warning() -> None:
    """Its parameters are no leaves after copying, which torch warns of when they are moved."""
    small = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    pixels = torch.rand(1, 3, 8, 8)
    twin = structural_copy(torch.jit.script(small), torch.device("cpu"))
    assert torch.equal(twin(pixels), small(pixels))


def test_a_mapping_that_holds_itself_ends(tmp_path: Path) -> None:
    content: dict[str, Any] = {}
    content["model"] = content
    torch.save(content, tmp_path / "itself.pth")
    with pytest.raises(ClassifierError, match="holds no state_dict"):
        load_classifier(NAME, weights=tmp_path / "itself.pth")


def test_layers_that_read_a_tensor_while_built_are_counted_too(tmp_path: Path) -> None:
    network = get_model("regnet_y_400mf", weights=None, num_classes=4)
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    found = load_classifier("torchvision/regnet_y_400mf", weights=tmp_path / "mine.pth", size=64)
    assert len(found.class_names) == 4
    save_checkpoint(found, tmp_path / "mine.safetensors")
    again = load_classifier(tmp_path / "mine.safetensors")
    assert again.weights_sha256 == found.weights_sha256

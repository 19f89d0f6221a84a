import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from gnomon.classifier import (
    Architecture,
    Classifier,
    Preprocessing,
    build_network,
    load_classifier,
    save_checkpoint,
)
from gnomon.errors import ClassifierError

Make = Callable[..., nn.Sequential]
RESNET = transformers.ResNetConfig(
    embedding_size=8, hidden_sizes=[8], depths=[1], id2label={0: "a", 1: "b", 2: "c"}
)
SPECS = [
    Architecture("torchvision/squeezenet1_1", 3),
    Architecture("torchvision/mnasnet0_5", 3),
    Architecture("timm/tf_mobilenetv3_small_minimal_100", 3),
    Architecture("hf", 3, RESNET.to_json_string(use_diff=False)),
]
PREPROCESSING = Preprocessing(
    size=(64, 96), resize="pad", channels="bgr", scale=255, std=(10.0, 20.0, 30.0)
)


def made(architecture: Architecture) -> Classifier:
    torch.manual_seed(0)
    network = build_network(architecture)
    return Classifier(network, PREPROCESSING, ("ä", "b", "c"), "mine", architecture)


@pytest.mark.parametrize("architecture", SPECS, ids=lambda each: each.spec)
def test_everything_comes_back(architecture: Architecture, tmp_path: Path) -> None:
    classifier, file, pixels = (
        made(architecture),
        tmp_path / "m.safetensors",
        torch.rand(2, 3, 64, 96),
    )
    save_checkpoint(classifier, file)
    for back in (load_classifier(file), load_classifier(str(file))):
        assert back.class_names == classifier.class_names
        assert back.preprocessing == PREPROCESSING
        assert back.architecture == architecture
        assert back.weights_sha256 == classifier.weights_sha256
        assert back.name == "m.safetensors"
        assert back.probabilities(pixels).equal(classifier.probabilities(pixels))


def test_settings_can_be_changed_on_loading(tmp_path: Path) -> None:
    save_checkpoint(made(SPECS[0]), tmp_path / "m.safetensors")
    back = load_classifier(tmp_path / "m.safetensors", size=80, resize="crop")
    assert (back.preprocessing.size, back.preprocessing.resize) == ((80, 80), "crop")
    assert back.preprocessing.channels == "bgr"


def test_an_unknown_architecture_is_said(tiny: Make, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="does not know how to rebuild it"):
        save_checkpoint(Classifier(tiny(), PREPROCESSING), tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(handle: int) -> None:
        raise OSError("disk full")

    file = tmp_path / "m.safetensors"
    save_checkpoint(made(SPECS[0]), file)
    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ClassifierError, match=r"cannot write .*disk full"):
        save_checkpoint(made(SPECS[0]), file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_bad_targets_are_said(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"ends in \.safetensors"):
        save_checkpoint(made(SPECS[0]), tmp_path / "m.pth")
    with pytest.raises(ClassifierError, match="cannot write"):
        save_checkpoint(made(SPECS[0]), tmp_path / "none" / "m.safetensors")


def test_weights_without_an_architecture_are_said(tiny: Make, tmp_path: Path) -> None:
    save_file(tiny().state_dict(), tmp_path / "w.safetensors")
    torch.save(tiny().state_dict(), tmp_path / "w.pth")
    for name in ("w.safetensors", "w.pth"):
        with pytest.raises(ClassifierError, match=r"--model torchvision/NAME --weights w\."):
            load_classifier(tmp_path / name)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("gnomon", "2", "format '2', this gnomon reads 1"),
        ("class_names", "not json", "damaged checkpoint"),
        ("preprocessing", json.dumps({"size": [0, 1]}), "damaged checkpoint: size is"),
        ("architecture", json.dumps({"name": "vgg19"}), "damaged checkpoint"),
        ("architecture", json.dumps({"spec": "mars/x", "n_classes": 3}), "unknown architecture"),
        ("architecture", json.dumps({"spec": "torchvision/x", "n_classes": 3}), "unknown model"),
        (
            "architecture",
            json.dumps({"spec": "torchvision/squeezenet1_1", "n_classes": 4}),
            "it has 4 classes, but 3 class names",
        ),
        (
            "architecture",
            json.dumps({"spec": "torchvision/squeezenet1_0", "n_classes": 3}),
            "of another shape",
        ),
    ],
)
def test_damage_is_said(tmp_path: Path, key: str, value: str, says: str) -> None:
    file = tmp_path / "m.safetensors"
    save_checkpoint(made(SPECS[0]), file)
    with safe_open(file, framework="pt") as opened:
        metadata = dict(opened.metadata())
    save_file(load_file(file), file, metadata | {key: value})
    with pytest.raises(ClassifierError, match=says):
        load_classifier(file)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="there is no weights file"):
        load_classifier(tmp_path / "none.safetensors")

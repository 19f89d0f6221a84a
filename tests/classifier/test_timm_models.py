from pathlib import Path
from typing import Any

import pytest
import timm
import timm.data
import torch
from safetensors.torch import save_file

from gnomon.classifier import Architecture, load_classifier
from gnomon.classifier.timm_models import _class_names
from gnomon.errors import ClassifierError

DATA: Any = timm.data
NAME = "tf_mobilenetv3_small_minimal_100"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_gives_timm_s_own_outputs(tmp_path: Path, suffix: str) -> None:
    network, file = timm.create_model(NAME).eval(), tmp_path / f"w{suffix}"
    if suffix == ".pth":
        torch.save(network.state_dict(), file)
    else:
        save_file(network.state_dict(), file)
    classifier = load_classifier(f"timm/{NAME}", weights=file, size=(64, 96))
    pixels = torch.rand(2, 3, 64, 96)
    transform = DATA.create_transform(**DATA.resolve_model_data_config(network), is_training=False)
    expected = network(transform.transforms[-1](pixels))
    torch.testing.assert_close(classifier.logits(pixels), expected)
    assert classifier.name == f"timm/{NAME}"
    assert classifier.class_names[817] == "sports car"
    assert classifier.architecture == Architecture(f"timm/{NAME}", 1000)
    assert "state_dict" not in vars(classifier.network)["pretrained_cfg"]


def test_preprocessing_is_timm_s(tmp_path: Path) -> None:
    network = timm.create_model("tf_efficientnet_lite0")
    torch.save(network.state_dict(), tmp_path / "w.pth")
    found = load_classifier("timm/tf_efficientnet_lite0", weights=tmp_path / "w.pth").preprocessing
    config = DATA.resolve_model_data_config(network)
    assert (3, *found.size) == config["input_size"]
    assert (found.mean, found.std) == (config["mean"], config["std"])
    assert (found.interpolation, found.crop_fraction) == ("bicubic", 0.875)
    assert found.resize == "squash"


def test_other_class_names_make_another_head(tmp_path: Path) -> None:
    network, file = timm.create_model(NAME, num_classes=3), tmp_path / "w.pth"
    torch.save(network.state_dict(), file)
    names = ["a", "b", "c"]
    classifier = load_classifier(f"timm/{NAME}", weights=file, class_names=names, size=64)
    assert classifier.class_names == ("a", "b", "c")
    assert classifier.network.state_dict()["classifier.weight"].equal(
        network.state_dict()["classifier.weight"]
    )
    unnamed = load_classifier(f"timm/{NAME}", weights=file, size=64)
    assert unnamed.class_names == ("class 0", "class 1", "class 2")


def test_features_get_a_head_from_a_file(tmp_path: Path) -> None:
    name = "vit_small_patch14_dinov2"
    network = timm.create_model(name, num_classes=2, img_size=28, depth=1)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "w.pth")
    with pytest.raises(ClassifierError, match="does not fit the network"):
        load_classifier(f"timm/{name}", weights=tmp_path / "w.pth", size=28)


def test_files_that_timm_renames_are_understood(tmp_path: Path) -> None:
    """An original ResNet-like ConvNeXt file names its parts otherwise; timm's filter maps them."""
    network = timm.create_model("convnext_atto").eval()
    original = {
        name.replace("stem.", "downsample_layers.0.")
        .replace("head.norm.", "norm.")
        .replace("head.fc.", "head."): tensor
        for name, tensor in network.state_dict().items()
    }
    assert "downsample_layers.0.0.weight" in original
    torch.save({"model": original}, tmp_path / "w.pth")
    with pytest.raises(RuntimeError):
        network.load_state_dict(original)
    classifier = load_classifier("timm/convnext_atto", weights=tmp_path / "w.pth", size=64)
    pixels = torch.rand(1, 3, 64, 64)
    expected = network(classifier.preprocessing.normalize(pixels))
    torch.testing.assert_close(classifier.logits(pixels), expected)


@pytest.mark.parametrize(
    ("n_classes", "index", "name"),
    [(1000, 1, "goldfish"), (21841, 0, "organism, being"), (7, None, None)],
)
def test_class_names_follow_the_number_of_classes(
    n_classes: int, index: int | None, name: str | None
) -> None:
    names = _class_names(timm.create_model(NAME, num_classes=n_classes))
    if index is None:
        assert names == ()
    else:
        assert len(names) == n_classes
        assert names[index] == name


@pytest.mark.usefixtures("offline")
def test_without_a_network_the_file_is_named() -> None:
    said = r"model.safetensors of timm/resnet18\.\w+, which could not be fetched.*--weights FILE"
    with pytest.raises(ClassifierError, match=said):
        load_classifier("timm/resnet18")


def test_networks_without_classes_are_said() -> None:
    with pytest.raises(ClassifierError, match="has no classes, only features"):
        load_classifier("timm/vit_small_patch14_dinov2")


@pytest.mark.parametrize(
    ("spec", "near"),
    [("timm/resnet_18", "'timm/resnet18'"), ("timm/resnet18.a1_in2k", "'timm/resnet18.a1_in1k'")],
)
def test_unknown_models_have_near_names(spec: str, near: str) -> None:
    with pytest.raises(ClassifierError, match="unknown model") as caught:
        load_classifier(spec)
    assert near in str(caught.value)

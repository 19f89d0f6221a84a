import re
from collections import OrderedDict
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch.overrides import TorchFunctionMode
from torchvision import models

from gnomon.classifier import Architecture, Preprocessing, build_network, load_classifier
from gnomon.classifier.torchvision_models import names
from gnomon.errors import ClassifierError


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)


def saved(folder: Path, name: str, network: torch.nn.Module) -> Path:
    file = folder / name
    if file.suffix == ".safetensors":
        save_file(network.state_dict(), file)
    else:
        torch.save(network.state_dict(), file)
    return file


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_gives_torchvision_s_own_outputs(tmp_path: Path, suffix: str) -> None:
    network = models.get_model("squeezenet1_1", weights=None).eval()
    file = saved(tmp_path, f"w{suffix}", network)
    classifier = load_classifier("torchvision/squeezenet1_1", weights=file, size=(64, 96))
    pixels = torch.rand(2, 3, 64, 96)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = network((pixels - mean[:, None, None]) / std[:, None, None])
    torch.testing.assert_close(classifier.logits(pixels), expected)
    assert classifier.name == "torchvision/squeezenet1_1"
    assert classifier.class_names[1] == "goldfish"
    assert classifier.architecture == Architecture("torchvision/squeezenet1_1", 1000)


def test_fetched_weights_are_checked_and_loaded_as_tensors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, asked = models.get_model("squeezenet1_0", weights=None).eval(), {}

    def fetch(url: str, **options: Any) -> Any:
        asked.update(options)
        return network.state_dict()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetch)
    classifier = load_classifier("torchvision/squeezenet1_0", size=64)
    assert asked["weights_only"] is True
    assert asked["check_hash"] is True
    for own, given in zip(classifier.network.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(own, given, rtol=0, atol=0)


@pytest.mark.usefixtures("offline")
def test_without_a_network_the_file_is_named() -> None:
    with pytest.raises(ClassifierError) as caught:
        load_classifier("torchvision/squeezenet1_1")
    file = Path(models.SqueezeNet1_1_Weights.DEFAULT.url).name
    assert re.search(rf"{file}.*could not be fetched.*--weights FILE", str(caught.value))


@pytest.mark.slow
def test_vgg19_is_complete_with_its_file(tmp_path: Path) -> None:
    network = models.vgg19(weights=None, init_weights=False).eval()
    file = saved(tmp_path, "vgg19-dcbb9e9d.pth", network)
    classifier = load_classifier("torchvision/vgg19", weights=file)
    transforms = models.VGG19_Weights.DEFAULT.transforms()
    assert classifier.preprocessing == Preprocessing(
        size=(224, 224),
        crop_fraction=224 / 256,
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
    )
    pixels = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        expected = network(classifier.preprocessing.normalize(pixels))
        torch.testing.assert_close(classifier.logits(pixels), expected)


def test_a_file_known_by_name_gets_its_own_preprocessing(tmp_path: Path) -> None:
    network = models.get_model("mobilenet_v2", weights=None)
    old, new = models.MobileNet_V2_Weights.IMAGENET1K_V1, models.MobileNet_V2_Weights.IMAGENET1K_V2
    fractions = {}
    for each in (old, new):
        file = saved(tmp_path, Path(each.url).name, network)
        classifier = load_classifier("torchvision/mobilenet_v2", weights=file, size=64)
        fractions[each] = classifier.preprocessing.crop_fraction
    assert fractions == {old: 224 / 256, new: 224 / 232}


def test_other_class_names_make_another_head(tmp_path: Path) -> None:
    network = models.get_model("squeezenet1_1", weights=None, num_classes=2)
    file = saved(tmp_path, "w.pth", network)
    spec = "torchvision/squeezenet1_1"
    classifier = load_classifier(spec, weights=file, class_names=["cat", "dog"], size=64)
    assert classifier.class_names == ("cat", "dog")
    assert classifier.architecture == Architecture(spec, 2)
    unnamed = load_classifier(spec, weights=file, size=64)
    assert unnamed.class_names == ("class 0", "class 1")


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_are_left_out(tmp_path: Path, name: str) -> None:
    network = models.get_model(
        name, weights=None, aux_logits=True, transform_input=True, init_weights=False
    ).eval()
    file = saved(tmp_path, "w.pth", network)
    classifier = load_classifier(f"torchvision/{name}", weights=file, size=96)
    assert not any("aux" in key.lower() for key in classifier.network.state_dict())
    pixels = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        expected = network(classifier.preprocessing.normalize(pixels))
        torch.testing.assert_close(classifier.logits(pixels), expected)


def test_densenet_s_old_names_are_understood(tmp_path: Path) -> None:
    network = models.get_model("densenet121", weights=None).eval()
    pattern = re.compile(r"(denselayer\d+\.(?:norm|conv))([12])")
    old = OrderedDict(
        (pattern.sub(r"\1.\2", name), value) for name, value in network.state_dict().items()
    )
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "w.pth")
    classifier = load_classifier("torchvision/densenet121", weights=tmp_path / "w.pth", size=64)
    pixels = torch.rand(1, 3, 64, 64)
    expected = network(classifier.preprocessing.normalize(pixels))
    torch.testing.assert_close(classifier.logits(pixels), expected)


class WithoutMemory(TorchFunctionMode):
    """Makes parameters on the meta device, and leaves all other tensors alone."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}) | ({"device": "meta"} if func is torch.empty else {}))


@pytest.mark.slow
@pytest.mark.parametrize("spec", names())
def test_every_architecture_has_the_size_of_its_weights(spec: str) -> None:
    """``num_params`` is torchvision's own count; Inception's has the auxiliary head in it."""
    meta = models.get_model_weights(spec.partition("/")[2]).DEFAULT.meta
    with WithoutMemory():
        network = build_network(Architecture(spec, 1000))
    count = sum(parameter.numel() for parameter in network.parameters())
    auxiliary = {"torchvision/inception_v3": 3_326_696}.get(spec, 0)
    assert count + auxiliary == meta["num_params"]


@pytest.mark.parametrize(
    ("spec", "near"),
    [
        ("torchvision/vgg_19", "'torchvision/vgg19'"),
        ("torchvision/ResNet18", "'torchvision/resnet18'"),
        ("torchvision/fasterrcnn_resnet50_fpn", "list_models"),
        ("torchvision/", "list_models"),
        ("torchvision", "list_models"),
    ],
)
def test_unknown_models_have_near_names(spec: str, near: str) -> None:
    with pytest.raises(ClassifierError, match="unknown model") as caught:
        load_classifier(spec)
    assert near in str(caught.value)

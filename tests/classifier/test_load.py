import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from gnomon.classifier import Classifier, Preprocessing, load_classifier
from gnomon.errors import ClassifierError, GnomonError, SettingError

Make = Callable[..., nn.Sequential]


def test_any_network(tiny: Make) -> None:
    network = tiny()
    classifier = load_classifier(network)
    assert classifier.preprocessing == Preprocessing()
    assert classifier.class_names == ("class 0", "class 1", "class 2")
    (first, *_) = classifier.network.parameters()
    assert first.data_ptr() == next(network.parameters()).data_ptr()
    own = Preprocessing(mean=(0, 0, 0), std=(1, 1, 1))
    given = load_classifier(network, preprocessing=own, class_names=list("abc"), size=(20, 30))
    assert given.preprocessing == Preprocessing(mean=(0, 0, 0), std=(1, 1, 1), size=(20, 30))
    assert given.class_names == ("a", "b", "c")


def test_a_classifier_keeps_what_is_not_changed(tiny: Make) -> None:
    classifier = Classifier(tiny(), Preprocessing(size=(16, 16)), ("a", "b", "c"), "mine")
    other = load_classifier(classifier, resize="pad")
    assert other.preprocessing == Preprocessing(size=(16, 16), resize="pad")
    assert (other.name, other.class_names) == ("mine", ("a", "b", "c"))
    assert other.weights_sha256 == classifier.weights_sha256


def test_a_name_from_outside(tiny: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("outside")
    vars(module).update(
        make=tiny,
        network=tiny(),
        classifier=lambda: Classifier(tiny(), class_names=tuple("abc")),
        wrong=lambda: 3,
    )
    monkeypatch.setitem(sys.modules, "outside", module)
    assert load_classifier("outside:make", size=16).name == "outside:make"
    assert load_classifier("outside:network", size=16).class_names[0] == "class 0"
    assert load_classifier("outside:classifier", size=16).class_names == ("a", "b", "c")
    with pytest.raises(ClassifierError, match="not int"):
        load_classifier("outside:wrong")
    with pytest.raises(SettingError, match="no callable 'none'"):
        load_classifier("outside:none")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("vgg19", "did you mean 'torchvision/vgg19' or 'timm/vgg19'"),
        ("embeded", "did you mean 'embedded'"),
        ("tourchvision/resnet18", "did you mean 'torchvision/resnet18'"),
        ("zzzz", "unknown model 'zzzz'; Allowed: embedded/NAME, torchvision/NAME, timm/NAME"),
        ("", "unknown model ''"),
        (3, "it is text or a path or a Module"),
    ],
)
def test_unknown_classifiers_are_said(spec: str, says: str) -> None:
    with pytest.raises(GnomonError) as caught:
        load_classifier(spec)
    assert says in str(caught.value)


def test_a_weights_file_needs_a_named_network(tiny: Make, tmp_path: Path) -> None:
    for spec in (tiny(), "m.safetensors", tmp_path / "m.safetensors", "outside:make"):
        with pytest.raises(ClassifierError, match="goes with the name of a torchvision or timm"):
            load_classifier(spec, weights="w.pth")


def test_a_size_that_the_network_does_not_take_is_said() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    assert load_classifier(network, size=8).class_names == ("class 0", "class 1")
    with pytest.raises(ClassifierError, match="if it takes another size, say size="):
        load_classifier(network, size=9)


def test_an_unknown_device_is_said_before_anything_runs(tiny: Make) -> None:
    with pytest.raises(SettingError, match="unknown device 'tpu0'"):
        load_classifier(tiny(), device="tpu0")
    assert load_classifier(tiny(), device=torch.device("cpu")).device.type == "cpu"

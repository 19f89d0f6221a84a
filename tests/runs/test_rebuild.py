from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile import watched
from torchvision.models import get_model

from gnomon import Classifier, Detector, Preprocessing, save_checkpoint
from gnomon.classifier import Architecture
from gnomon.classifier.cached import cached_weights
from gnomon.errors import RunError, SettingError
from gnomon.runs import RunInfo, rebuild_detector
from gnomon.runs.rebuild import Trust, untrusted_settings

SAMPLE = Path(__file__).parents[2] / "samples" / "cat.jpg"


def test_the_same_detector_comes_back() -> None:
    detector = Detector(size=(64, 96), resize="pad", device="cpu", keep=0.3, radius=5, seed=4)
    again = rebuild_detector(RunInfo.of(detector, "default"), device="cpu")
    assert again.settings == detector.settings
    assert again.classifier.preprocessing == detector.classifier.preprocessing
    np.testing.assert_array_equal(again(SAMPLE).keypoints.xy, detector(SAMPLE).keypoints.xy)


def test_a_checkpoint_is_found_by_model_and_its_weights_are_checked(tmp_path: Path) -> None:
    def checkpoint(name: str, seed: int) -> Detector:
        torch.manual_seed(seed)
        classifier = Classifier(
            get_model("squeezenet1_1", weights=None, num_classes=3),
            Preprocessing(size=(64, 64)),
            ("a", "b", "c"),
            architecture=Architecture("torchvision/squeezenet1_1", 3),
        )
        save_checkpoint(classifier, tmp_path / name)
        return Detector(str(tmp_path / name), device="cpu")

    info = RunInfo.of(checkpoint("mine.safetensors", 0), "default")
    with pytest.raises(RunError, match=r"'mine\.safetensors' cannot be loaded again.*--model"):
        rebuild_detector(info, device="cpu")
    again = rebuild_detector(info, model=str(tmp_path / "mine.safetensors"), device="cpu")
    assert again.classifier.class_names == ("a", "b", "c")
    checkpoint("other.safetensors", 1)
    with pytest.raises(RunError, match="has other weights"):
        rebuild_detector(info, model=str(tmp_path / "other.safetensors"), device="cpu")
    with pytest.raises(RunError, match="has other weights"):
        rebuild_detector(replace(info, classifier="embedded/squeezenet1_1"), device="cpu")


MARK = "hostile_mark"


def named(**settings: str) -> RunInfo:
    info = RunInfo.of(Detector(size=32, device="cpu"), "default")
    return replace(info, settings=replace(info.settings, **settings))


@pytest.mark.parametrize("setting", ["fill", "fine", "engine"])
def test_a_plug_that_only_the_run_names_is_not_imported(setting: str) -> None:
    name = f"{MARK}:run"
    with pytest.raises(RunError, match=rf"the run's {setting} is '{name}'.*--plug {name}"):
        rebuild_detector(named(**{setting: name}), device="cpu")
    # What the user names is looked for: this module is not there.
    with pytest.raises(SettingError, match=f"cannot import '{MARK}'"):
        rebuild_detector(named(**{setting: name}), device="cpu", trust=Trust((name,)))


def test_a_plug_counts_once_the_user_repeats_it() -> None:
    name = "gnomon.occlusion.fills:mean"
    assert untrusted_settings(named(fill=name), Trust()) == [("fill", name)]
    detector = rebuild_detector(named(fill=name), device="cpu", trust=Trust((name,)))
    assert detector.settings.fill == name


def test_a_classifier_that_is_code_is_not_imported() -> None:
    info = replace(named(), classifier="torchvision.models:squeezenet1_1")
    with pytest.raises(RunError, match=r"classifier is 'torchvision\.models:squeezenet1_1'"):
        rebuild_detector(info, device="cpu")
    with pytest.raises(RunError, match="has other weights"):
        rebuild_detector(info, device="cpu", trust=Trust((info.classifier,)))


@pytest.mark.parametrize(
    "name", ["torchvision/vgg19", "timm/resnet18.a1_in1k", "hf/somebody/hostile", "hf/./folder"]
)
def test_a_run_downloads_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with (
        watched([tmp_path]),
        pytest.raises(RunError, match=r"not on this machine.*allow it with --fetch"),
    ):
        rebuild_detector(replace(named(), classifier=name), device="cpu")


def test_weights_of_an_earlier_download_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = get_model("squeezenet1_1", weights=None)
    home = tmp_path / "checkpoints"
    home.mkdir()
    torch.save(network.state_dict(), home / "squeezenet1_1-b8a52dc0.pth")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert cached_weights("torchvision/squeezenet1_1") == home / "squeezenet1_1-b8a52dc0.pth"
    assert cached_weights("torchvision/vgg16") is None
    info = RunInfo.of(
        Detector(
            "torchvision/squeezenet1_1",
            weights=home / "squeezenet1_1-b8a52dc0.pth",
            size=32,
            device="cpu",
        ),
        "default",
    )
    with watched([tmp_path]):
        again = rebuild_detector(info, device="cpu")
    assert again.classifier.weights_sha256 == info.weights_sha256

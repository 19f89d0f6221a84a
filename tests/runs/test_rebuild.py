from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hostile import watched
from safetensors.torch import save_file
from torch import nn
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


def squeezenet(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    network: nn.Module = get_model("squeezenet1_1", weights=None, num_classes=3)
    return network


def checkpoint(path: Path, seed: int = 0) -> Path:
    classifier = Classifier(
        squeezenet(seed),
        Preprocessing(size=(64, 64)),
        ("a", "b", "c"),
        architecture=Architecture("torchvision/squeezenet1_1", 3),
    )
    path.parent.mkdir(exist_ok=True)
    save_checkpoint(classifier, path)
    return path


def recorded(spec: Path | str, **more: Any) -> RunInfo:
    return RunInfo.of(Detector(spec, device="cpu", **more), "default")


def test_a_checkpoint_goes_by_one_name_and_is_found_where_it_was(tmp_path: Path) -> None:
    checkpoint(tmp_path / "mine" / "model.safetensors")
    for spec in ("mine", "mine/model.safetensors"):
        info = recorded(tmp_path / spec)
        assert info.classifier == "mine"
        assert info.weights_file == str(tmp_path / "mine" / "model.safetensors")
        again = rebuild_detector(info, device="cpu")
        assert again.classifier.class_names == ("a", "b", "c")
        assert RunInfo.of(again, "default").classifier == "mine"


def test_a_checkpoint_that_moved_is_found_where_the_user_says(tmp_path: Path) -> None:
    info = recorded(checkpoint(tmp_path / "mine" / "model.safetensors"))
    (tmp_path / "mine").rename(tmp_path / "yours")
    with pytest.raises(RunError, match=r"'mine' cannot be loaded again.*not there any more.*--mod"):
        rebuild_detector(info, device="cpu")
    for said in (
        {"model": str(tmp_path / "yours")},
        {"weights": tmp_path / "yours"},
        {"weights": tmp_path / "yours" / "model.safetensors"},
    ):
        again = rebuild_detector(info, device="cpu", **said)
        assert again.classifier.weights_sha256 == info.weights_sha256


def test_other_weights_are_never_taken_for_the_run_s(tmp_path: Path) -> None:
    info = recorded(checkpoint(tmp_path / "mine.safetensors"))
    other = checkpoint(tmp_path / "other.safetensors", seed=1)
    for said in ({"model": str(other)}, {"weights": other}):
        with pytest.raises(RunError, match="has other weights"):
            rebuild_detector(info, device="cpu", **said)
    checkpoint(tmp_path / "mine.safetensors", seed=1)
    with pytest.raises(RunError, match="has other weights"):
        rebuild_detector(info, device="cpu")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_of_a_named_network_with_the_user_s_own_classes(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    file = tmp_path / f"mine{suffix}"
    if suffix == ".pth":
        torch.save({"model": squeezenet().state_dict()}, file)
    else:
        save_file(squeezenet().state_dict(), file)
    spec, names = "torchvision/squeezenet1_1", ["x", "y", "z"]
    info = recorded(spec, weights=file, class_names=names, size=64, outputs="multilabel")
    assert (info.class_names, info.outputs) == (("x", "y", "z"), "multilabel-logits")
    said: list[dict[str, Any]] = [{"weights": file}, {"model": str(file)}, {}]
    if suffix == ".pth":
        said.pop()
        with pytest.raises(
            RunError, match=r"followed to \.safetensors files alone.*--weights FILE"
        ):
            rebuild_detector(info, device="cpu")
    for one in said:
        again = rebuild_detector(info, device="cpu", **one).classifier
        assert (again.class_names, again.outputs) == (("x", "y", "z"), "multilabel-logits")
        assert again.weights_sha256 == info.weights_sha256


@pytest.mark.parametrize(
    "path",
    ["/dev/zero", "//host/share/m.safetensors", "x" * 4000 + ".safetensors", "\0.safetensors"],
)
def test_a_path_in_a_run_leads_nowhere_else(path: str, tmp_path: Path) -> None:
    info = replace(named(), classifier="mine", weights_file=path)
    with watched([tmp_path]), pytest.raises(RunError, match="cannot be loaded again"):
        rebuild_detector(info, device="cpu")


def test_a_name_in_a_run_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint(tmp_path / "mine.safetensors")
    torch.save(squeezenet().state_dict(), "mine.pth")
    for name in ("mine.safetensors", "mine.pth"):
        with pytest.raises(RunError, match="does not say where its weights are"):
            rebuild_detector(replace(named(), classifier=name), device="cpu")


MARK = "hostile_mark"


def named(**settings: Any) -> RunInfo:
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

"""The classifiers of a page: each once, by one name, and the run's own found among them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision.models import get_model

from gnomon import Classifier, Detector, Preprocessing, save_checkpoint
from gnomon.classifier import Architecture
from gnomon.runs import RunInfo
from gnomon.web.bench import Bench, make_bench
from gnomon.web.offered import offered


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Give the folder of a training."""
    return train(tmp_path / "mine", 0)


def train(folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    network = get_model("squeezenet1_1", weights=None, num_classes=2)
    folder.mkdir(parents=True)
    save_checkpoint(
        Classifier(
            network,
            Preprocessing(size=(64, 64)),
            architecture=Architecture("torchvision/squeezenet1_1", 2),
        ),
        folder / "model.safetensors",
    )
    return folder


def test_a_run_s_classifier_is_preselected_and_stands_once(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = RunInfo.of(Detector(trained, device="cpu"), "default")
    bench = make_bench((), "cpu", info)
    assert (bench.models[0], bench.homes["the run's"]) == ("mine", "mine")
    assert bench.detector("mine", info.settings).classifier.weights_sha256 == info.weights_sha256
    monkeypatch.chdir(tmp_path)
    for said in ("mine", str(trained), "./mine/model.safetensors"):
        assert list(offered([said], "cpu", info)) == ["mine"]
    (tmp_path / "mine").rename(tmp_path / "yours")
    makers = offered(["yours", "timm/resnet18"], "cpu", info)
    assert list(makers) == ["mine", "timm/resnet18"]
    assert makers["mine"]().classifier.weights_sha256 == info.weights_sha256
    with_weights = offered((), "cpu", info, weights=tmp_path / "yours")
    assert with_weights["mine"]().classifier.weights_sha256 == info.weights_sha256


def test_another_classifier_of_the_same_name_has_a_name_of_its_own(
    trained: Path, tmp_path: Path
) -> None:
    info = RunInfo.of(Detector(trained, device="cpu"), "default")
    other = str(train(tmp_path / "later" / "mine", 1))
    makers = offered([other], "cpu", info)
    assert list(makers) == ["mine", other]
    assert makers["mine"]().classifier.weights_sha256 == info.weights_sha256
    assert makers[other]().classifier.weights_sha256 != info.weights_sha256


def test_a_page_computes_in_the_precision_that_it_shows() -> None:
    detector = Detector(size=64, device="cpu")
    bench = Bench({"one": lambda: detector}, {"default": detector.settings})
    full = bench.detector("one", replace(detector.settings, keep=0.5))
    assert full._engine is detector._engine
    short = bench.detector("one", replace(detector.settings, precision="bfloat16"))
    assert short._engine is not full._engine
    assert short._engine._dtype is torch.bfloat16  # type: ignore[attr-defined]
    again = bench.detector("one", replace(detector.settings, precision="bfloat16", keep=0.5))
    assert again._engine is short._engine
    assert (again.settings.keep, short.settings.keep) == (0.5, detector.settings.keep)

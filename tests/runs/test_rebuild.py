from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import get_model

from gnomon import Classifier, Detector, Preprocessing, save_checkpoint
from gnomon.classifier import Architecture
from gnomon.errors import RunError
from gnomon.runs import RunInfo, rebuild_detector

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

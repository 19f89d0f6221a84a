"""Every public value shows itself in one short line, and in a notebook as escaped HTML."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn import drawn_info, found_points
from torch import nn

import gnomon
from gnomon.backprop import fine_map
from gnomon.errors import ImageError
from gnomon.geometry import Affine
from gnomon.occlusion import DenseEngine, IncrementalEngine, plan
from gnomon.presets import PRESETS, Settings, summary
from gnomon.types import Heatmap, Image, Keypoints, Landmarks

HOSTILE = "<img src=x onerror=alert(1)>\x1b[2J\u202e"
LONGEST = 300


class Small(nn.Module):
    """A network of two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.layers(pixels)
        return made


@pytest.fixture(scope="module")
def detector() -> gnomon.Detector:
    torch.manual_seed(0)
    names = ("cat", "dog", HOSTILE)
    return gnomon.Detector(
        Small(), preprocessing=gnomon.Preprocessing(size=(24, 32)), class_names=names, keep=0.2
    )


def points() -> Keypoints:
    drawn = Keypoints.at([[1.25, 2], [3, 4], [5, 6]], [-1.0, -2.0, -3.0], "file")
    return replace(
        drawn,
        kind=np.array(["blob", "corner", "blob"]),
        refined=np.array([True, True, False]),
        proved=np.array([True, False, False]),
        part=np.array([2, -1, 0]),
    )


def test_values_say_what_they_hold() -> None:
    image = Image(torch.zeros(3, 4, 6), "a/b.jpg", "0" * 64, (60, 40), Affine.identity())
    assert repr(image) == "<Image 'a/b.jpg' 60x40, at 6x4 for the network>"
    values = np.array([[0, 0.25, -0.5]], np.float32)
    assert repr(Heatmap(values, "fine")) == "<Heatmap fine, 3x1, from -0.5 to 0.25>"
    assert repr(points()) == (
        "<Keypoints: 3 in file pixels: 2 blob, 1 corner; 2 refined, 1 proved>"
    )
    assert repr(Keypoints.at([], [])) == "<Keypoints: 0 in model pixels; 0 refined, 0 proved>"
    names = ("beak", "eye", "tail", "wing")
    seen = np.array([True, False, True, True])
    marks = Landmarks(np.zeros((4, 2)), np.arange(4), names, seen, 12.5)
    assert repr(marks) == ("<Landmarks: 4, 3 visible, scale 12.5 px: 'beak', 'eye', 'tail', ...>")
    found = replace(found_points(5), unsure=True)
    assert repr(found) == (
        "<Detection 'drawn' 60x40: 'a \"bird\"' 50.0% (unsure), 5 keypoints, 0 proved>"
    )


def test_a_detector_names_its_classifier_and_its_preset(detector: gnomon.Detector) -> None:
    of = "'Small': 3 classes (logits) of images 32x24, on cpu"
    assert repr(detector) == f"<Detector {of}; preset default, keep=0.2>"
    assert repr(detector.classifier) == f"<Classifier {of}>"
    other = detector.with_settings(fine="layers", coarse="none", keep=0.1)
    assert repr(other).endswith("; preset fast>")


@pytest.mark.parametrize("name", PRESETS)
def test_settings_can_be_made_again_from_what_they_show(name: str) -> None:
    settings = replace(PRESETS[name].settings, label="a 'b'", seed=3)
    assert eval(repr(settings)) == settings  # our own text
    assert summary(PRESETS[name].settings) == name
    assert summary(replace(PRESETS[name].settings, patch=8)) == f"{name}, patch=8"
    assert repr(Settings()) == "Settings()"
    assert repr(Affine.translation(0.5, -2)) == "Affine([[1.0, 0.0, 0.5], [0.0, 1.0, -2.0]])"


def test_names_are_cut_masked_and_steer_nothing() -> None:
    found = found_points(1)
    image = replace(found.image, source="https://me:secret@host/" + "x" * 500 + "/end.jpg")
    shown = repr(replace(found, image=image, label=HOSTILE))
    assert "secret" not in shown
    assert "/end.jpg'" in shown
    assert len(shown) < LONGEST
    assert shown.isprintable()
    error = ImageError("https://me:secret@host/a.jpg cannot be read\n")
    assert repr(error) == "ImageError('https://***@host/a.jpg cannot be read')"


def reached(value: Any, depth: int = 0) -> list[Any]:
    """List a value and what its public attributes return, gnomon's own types alone."""
    if depth > 3 or not type(value).__module__.startswith("gnomon"):
        return []
    names = [name for name in dir(value) if not name.startswith("_") and name != "scorer"]
    inner = [getattr(value, name) for name in names]
    return [value, *(one for part in inner for one in reached(part, depth + 1))]


def test_whatever_is_public_shows_itself_in_one_short_line(
    detector: gnomon.Detector, photographed: Path
) -> None:
    found = detector(np.zeros((40, 50, 3), np.uint8))
    engines = (DenseEngine(Small()), IncrementalEngine(Small()))
    planned = plan(Small(), (24, 32), 8, 8)
    run = gnomon.read_run(photographed)
    coarse = gnomon.occlude(detector.classifier, found.image, patch=8, stride=8)
    fine = fine_map(detector.classifier, found.image)
    every = (detector, found, coarse, fine, *engines, planned, run, next(run.iter_detections()))
    values = [one for value in every for one in reached(value)]
    kinds = {type(one).__name__ for one in values}
    assert {"Detector", "Detection", "Keypoints", "Occlusion", "RunInfo", "Classifier"} <= kinds
    for one in values:
        shown = repr(one)
        assert " at 0x" not in shown, shown
        assert "\n" not in shown, shown
        assert len(shown) <= LONGEST, shown


def test_a_notebook_shows_keypoints_as_a_table() -> None:
    shown = points()._repr_html_()
    assert shown.count("<tr>") == 4
    assert "<td>1.25</td><td>2.00</td><td>0.37</td><td>blob</td><td>yes</td><td>2</td>" in shown
    many = Keypoints.at(np.zeros((11, 2)), np.zeros(11))._repr_html_()
    assert many.count("<tr>") == 9
    assert "and 3 more" in many


def test_a_notebook_gets_names_as_text(detector: gnomon.Detector) -> None:
    known = replace(detector.classifier, name=HOSTILE)
    shown = gnomon.Detector(known)._repr_html_()
    assert "<td>&lt;img src=x onerror=alert(1)&gt;\\x1b[2J\\u202e</td>" in shown
    assert "<td>32x24</td>" in shown
    info = drawn_info(classifier=HOSTILE, preset=HOSTILE)
    assert "\x1b" not in repr(info)

"""What the page asks of maps in memory is what the detector would have said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gnomon import Detector
from gnomon.classifier import load_classifier
from gnomon.occlusion.occlude import Occlusion
from gnomon.presets import PRESETS, Settings
from gnomon.web.bench import Bench, make_bench
from gnomon.web.exploration import Exploration

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def exploration() -> Exploration:
    detector = Detector(size=(96, 112), resize="pad", device="cpu")
    return Exploration(detector, detector(SAMPLES / "macaw.jpg"))


def test_retuned_is_as_if_detected_with_these_settings(exploration: Exploration) -> None:
    settings = replace(
        PRESETS["default"].settings, keep=0.6, radius=4.0, coarse_weight=1.0, fine_smoothing=0.5
    )
    exploration.retune(settings)
    detector = Detector(
        size=(96, 112),
        resize="pad",
        device="cpu",
        keep=0.6,
        radius=4.0,
        coarse_weight=1.0,
        fine_smoothing=0.5,
    )
    expected = detector(SAMPLES / "macaw.jpg")
    np.testing.assert_array_equal(exploration.found.keypoints.xy, expected.keypoints.xy)
    np.testing.assert_array_equal(exploration.found.confidence.values, expected.confidence.values)
    assert exploration.found.n_candidates == expected.n_candidates


def test_covering_a_window_moves_the_class_by_what_the_coarse_map_was_made_from(
    exploration: Exploration,
) -> None:
    found, coarse = exploration.found, exploration.found.coarse
    assert isinstance(coarse, Occlusion)
    patch = exploration.detector.settings.patch
    for number in (0, 40, int(coarse.drops.argmax()), len(coarse.drops) - 1):
        centre = coarse.windows[number, ::-1] + (patch - 1) / 2
        x, y = exploration.to_file.apply(centre)[0]
        covered = exploration.cover(x, y)
        moved = covered.moved[0]
        assert moved.label == found.label
        assert moved.before == pytest.approx(found.probability, abs=1e-6)
        assert max(moved.before - moved.after, 0) == pytest.approx(coarse.drops[number], abs=1e-5)
        left, top = exploration.to_file.inverse().apply(covered.corners)[0] + 0.5
        np.testing.assert_allclose([top, left], coarse.windows[number], atol=1e-9)
        clean = found.image.picture()
        changed = (covered.picture != clean).any(axis=2)
        rows, columns = np.nonzero(changed)
        assert rows.min() >= top
        assert rows.max() < top + patch
        assert columns.min() >= left
        assert columns.max() < left + patch
    assert len(covered.moved) == 5


def test_the_engine_tells_how_far_it_is_within_an_image() -> None:
    told: list[tuple[int, int]] = []
    detector = Detector(size=96, device="cpu")
    found = detector(SAMPLES / "crab.jpg", progress=lambda done, of: told.append((done, of)))
    assert isinstance(found.coarse, Occlusion)
    assert len(told) > 1
    assert told[-1] == (len(found.coarse.windows), len(found.coarse.windows))


def test_a_browser_chooses_among_what_was_offered() -> None:
    bench = make_bench(("timm/resnet18",), "cpu")
    assert bench.models[0] == "timm/resnet18"
    assert next(iter(bench.presets)) == "default"
    with pytest.raises(Exception, match="unknown classifier '/etc/passwd'"):
        bench.detector("/etc/passwd", Settings())


def test_a_page_begins_with_the_default_classifier() -> None:
    assert make_bench((), "cpu").models[0] == load_classifier().name


def test_a_classifier_is_loaded_once() -> None:
    made: list[int] = []

    def make() -> Detector:
        made.append(1)
        return Detector(size=64, device="cpu")

    bench = Bench({"one": make}, {"default": Settings()})
    first = bench.detector("one", Settings(keep=0.5))
    second = bench.detector("one", Settings(keep=0.7))
    assert made == [1]
    assert (first.settings.keep, second.settings.keep) == (0.5, 0.7)
    assert first.classifier is second.classifier

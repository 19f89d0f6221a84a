"""What the page asks of maps in memory is what the detector would have said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gnomon import Detector
from gnomon.classifier import load_classifier
from gnomon.occlusion.occlude import Occlusion
from gnomon.presets import PRESETS, SettingChanges, Settings
from gnomon.web.bench import Bench, make_bench
from gnomon.web.exploration import Exploration

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def exploration() -> Exploration:
    detector = Detector(size=(96, 112), resize="pad", device="cpu", coarse="map")
    return Exploration(detector, detector(SAMPLES / "macaw.jpg"))


def test_retuned_is_as_if_detected_with_these_settings(exploration: Exploration) -> None:
    changes: SettingChanges = {
        "coarse": "map",
        "keep": 0.6,
        "radius": 4.0,
        "structure_weight": 0.6,
        "fine_smoothing": 3.0,
    }
    exploration.retune(replace(PRESETS["default"].settings, **changes))
    detector = Detector(size=(96, 112), resize="pad", device="cpu", **changes)
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
        center = coarse.windows[number, ::-1] + (patch - 1) / 2
        x, y = exploration.to_file.apply(center)[0]
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
    detector = Detector(size=96, device="cpu", coarse="map")
    found = detector(SAMPLES / "crab.jpg", progress=lambda done, of: told.append((done, of)))
    assert isinstance(found.coarse, Occlusion)
    assert len(told) > 1
    assert told[-1] == (len(found.coarse.windows), len(found.coarse.windows))
    told.clear()
    points = detector.with_settings(coarse="keypoints")(
        SAMPLES / "crab.jpg", progress=lambda done, of: told.append((done, of))
    )
    assert told[-1] == (points.work.windows, points.work.windows)


def test_without_a_map_what_each_keypoint_costs_is_shown_and_any_place_can_be_covered() -> None:
    detector = Detector(size=96, device="cpu")
    exploration = Exploration(detector, detector(SAMPLES / "macaw.jpg"))
    found = exploration.found
    assert found.coarse is None
    at = exploration.to_file.inverse().apply(found.keypoints.xy)
    x, y = np.rint(at).astype(int).T
    shown = exploration.coarse.values[y.clip(0, 95), x.clip(0, 95)]
    assert (shown >= np.maximum(found.keypoints.coarse, 0).astype(np.float32)).all()
    point = found.keypoints.xy[0]
    covered = exploration.cover(*point)
    middle = exploration.to_file.inverse().apply(covered.corners).mean(axis=0)
    np.testing.assert_allclose(middle, at[0], atol=1.0)
    assert covered.moved[0].label == found.label


def test_a_keypoint_that_stays_keeps_what_hiding_it_cost() -> None:
    detector = Detector(size=96, device="cpu", keep=0.5)
    exploration = Exploration(detector, detector(SAMPLES / "macaw.jpg"))
    before = exploration.found.keypoints
    exploration.retune(replace(detector.settings, keep=1.0))
    after = exploration.found.keypoints
    assert len(after) > len(before) >= 10
    np.testing.assert_array_equal(after.coarse[: len(before)], before.coarse)
    np.testing.assert_array_equal(after.proved[: len(before)], before.proved)
    assert np.isnan(after.coarse[len(before) :]).all()
    assert not after.proved[len(before) :].any()


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

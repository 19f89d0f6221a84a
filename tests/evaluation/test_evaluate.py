from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from map_peaks import MAP_PEAKS

from gnomon import Detector
from gnomon.datasets import PartPolygon, Sample, open_dataset
from gnomon.datasets.synthetic import write_synthetic
from gnomon.errors import ClassifierError, GnomonError, SettingError
from gnomon.evaluation import baselines, evaluate, match, score
from gnomon.evaluation.evaluate import evenly
from gnomon.evaluation.methods import GNOMON, OWN, keeping_all, own_methods
from gnomon.presets import SettingChanges


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("drawn")
    write_synthetic(folder, 8)
    return list(open_dataset(f"synthetic:{folder}"))


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(size=64, device="cpu", **MAP_PEAKS)


def test_every_method_meets_the_same_landmarks_at_the_same_budgets(
    samples: list[Sample], detector: Detector
) -> None:
    found = evaluate(detector, samples, resamples=20)
    assert [one.method for one in found.methods] == [
        "gnomon",
        "coarse only",
        "fine only",
        "random in image",
        "random in box",
        "Shi-Tomasi",
        "SIFT",
        "Grad-CAM peaks",
        "guided backpropagation",
    ]
    assert found.images == 6
    assert found.unannotated == 2
    assert not found.failures
    for one in found.methods:
        assert len(one.scores) == 12
        assert {cell.landmarks for cell in one.scores} == {6}
        assert set(one.classes) == {"bar", "cross", "ring"}
        assert {cell.part for cell in one.parts} == {"badge"}
        assert one.inside == ()
        assert one.at(20, 0.1).points == pytest.approx(6 * one.given[-1])
    by_name = {one.method: one for one in found.methods}
    assert by_name["random in image"].fewest == 20
    in_box = by_name["random in box"].at(15, 0.2)
    assert in_box.recall.value > by_name["random in image"].at(15, 0.2).recall.value


def test_gnomons_row_is_the_detectors_own_points_beyond_what_it_keeps(
    samples: list[Sample], detector: Detector
) -> None:
    told = [one for one in samples if one.landmarks is not None and one.landmarks.visible.any()]
    found = evaluate(detector, told, resamples=20)
    wide = Detector(size=64, device="cpu", **MAP_PEAKS | {"keep": 1.0})
    matches = []
    for one in told:
        assert one.landmarks is not None
        points = wide(one.image).keypoints
        few = detector(one.image).keypoints
        assert len(few) < 10
        np.testing.assert_array_equal(points.xy[: len(few)], few.xy)
        matches.append(match(points, one.landmarks))
    assert repr(found.methods[0].scores) == repr(score(matches, resamples=20))
    assert detector.settings.keep == 0.1


def test_either_map_alone_is_the_detector_without_the_other(
    samples: list[Sample], detector: Detector
) -> None:
    """A map's own peaks are those of its log-likelihood, as far as float32 tells them apart."""
    weights: dict[str, SettingChanges] = {
        "coarse only": {"keep": 1.0, "coarse_weight": 1.0, "fine_weight": 0.0},
        "fine only": {"keep": 1.0, "coarse_weight": 0.0, "fine_weight": 1.0},
    }
    for name, changes in weights.items():
        alone = Detector(size=64, device="cpu", **MAP_PEAKS | changes)
        found = keeping_all(detector)(samples[1].image)
        mine = own_methods(detector.settings)[name](found, detector.settings)
        np.testing.assert_allclose(mine.xy, alone(samples[1].image).keypoints.xy, atol=1e-9)


def test_outlines_are_scored_and_viewpoints_stand_in_for_classes(
    samples: list[Sample], detector: Detector
) -> None:
    whole = PartPolygon("all", np.array([[-1.0, -1], [65, -1], [65, 65], [-1, 65]]))
    told = [replace(one, label=None, viewpoint="front", polygons=(whole,)) for one in samples[1:3]]
    found = evaluate(detector, told, resamples=20)
    for one in found.methods:
        assert set(one.classes) == {"front"}
        assert [cell.share.value for cell in one.inside] == [1, 1, 1, 1]


def test_what_fails_is_named_and_the_rest_is_done(
    samples: list[Sample], detector: Detector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise ClassifierError("no map")

    monkeypatch.setitem(baselines.BASELINES, "SIFT", refuse)
    lost = replace(samples[1], image=tmp_path / "lost.png")
    done: list[int] = []
    found = evaluate(
        detector, [lost, *samples[1:3]], resamples=20, image_done=lambda: done.append(1)
    )
    assert len(done) == 3
    assert found.images == 2
    assert list(found.failures) == [str(lost.image)]
    assert found.left_out == {"SIFT": "no map"}
    assert "SIFT" not in [one.method for one in found.methods]
    with pytest.raises(GnomonError, match=r"none of the 1 images can be processed.*lost\.png"):
        evaluate(detector, [lost])


def test_without_annotations_there_is_nothing_to_measure(
    samples: list[Sample], detector: Detector
) -> None:
    bare = [replace(one, landmarks=None) for one in samples]
    with pytest.raises(SettingError, match="none of the 8 images has an annotated point"):
        evaluate(detector, bare)


def test_gnomon_stands_first() -> None:
    assert next(iter(OWN)) == GNOMON


def test_an_even_choice_has_the_first_and_the_last(samples: list[Sample]) -> None:
    assert evenly(samples, 3) == [samples[0], samples[4], samples[7]]
    assert evenly(samples, 20) == samples
    assert evenly(samples, 0) == []


def test_the_default_is_evaluated_without_hiding_and_without_a_map(samples: list[Sample]) -> None:
    detector = Detector(size=64, device="cpu")
    wide = keeping_all(detector)
    assert (wide.settings.coarse, wide.settings.keep) == ("none", 1.0)
    found = evaluate(detector, samples[1:4], resamples=20)
    names = [one.method for one in found.methods]
    assert names[:2] == ["gnomon", "fine only"]
    assert "coarse only" not in names
    told = [one for one in samples[1:4] if one.landmarks is not None]
    points = [detector(one.image).keypoints for one in told]
    for one, few in zip(told, points, strict=True):
        np.testing.assert_array_equal(wide(one.image).keypoints.xy[: len(few)], few.xy)
    assert keeping_all(detector.with_settings(coarse="map")).settings.coarse == "map"

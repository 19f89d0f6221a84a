from pathlib import Path

import numpy as np
import pytest
import torch
from map_peaks import MAP_PEAKS

from gnomon import Detector
from gnomon.backprop import FINE_METHODS
from gnomon.classifier import Classifier
from gnomon.datasets.synthetic import draw
from gnomon.evaluation import check_sanity
from gnomon.evaluation.edges import edge_strength
from gnomon.presets import SettingChanges
from gnomon.types import Image

SIZE, STAGES = 64, 3


def images(detector: Detector, count: int = 2) -> list[Image]:
    return [detector.load(draw(index, size=SIZE).pixels) for index in range(count)]


def edges(classifier: Classifier, image: Image, **_: object) -> torch.Tensor:
    """Find the same map whatever the classifier has learnt."""
    return torch.from_numpy(edge_strength(image)).expand(3, -1, -1)


def test_a_map_of_edges_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FINE_METHODS, "edges", edges)
    changes: SettingChanges = {"fine": "edges", "coarse_weight": 0.0, "fine_smoothing": 0.0}
    detector = Detector(size=SIZE, device="cpu", **MAP_PEAKS | changes)
    found = check_sanity(detector, images(detector), stages=STAGES)
    for stage in found.stages:
        coarse, fine, confidence = stage.changes
        assert fine.rank_correlation == pytest.approx(1)
        assert fine.ssim == pytest.approx(1)
        assert confidence.rank_correlation == pytest.approx(1)
        assert coarse.rank_correlation < 0.9
        assert stage.survived == 1 > stage.by_chance > 0
    for one in found.edges:
        if one.kind == "fine":
            assert one.rank_correlation == pytest.approx(1)
            assert one.top_tenth == 1


def test_stages_go_from_the_last_layer_to_the_first_and_nothing_is_touched() -> None:
    detector = Detector("embedded/squeezenet1_1", size=SIZE, device="cpu", coarse="map")
    before = (detector.settings, Classifier(detector.classifier.network).weights_sha256)
    done: list[tuple[int, int]] = []
    found = check_sanity(
        detector, images(detector), stages=STAGES, progress=lambda *two: done.append(two)
    )
    assert [stage.layers for stage in found.stages] == [1, 14, 26]
    assert [stage.reached for stage in found.stages][::2] == ["classifier.1", "features.0"]
    assert (found.images, found.layers) == (2, 26)
    assert done == [(n, 10) for n in range(1, 11)]
    assert before == (detector.settings, Classifier(detector.classifier.network).weights_sha256)
    orders = {curve.order for curve in found.curves}
    assert orders == {"confidence", "fine", "coarse", "random squares", "random pixels"}
    assert len(found.curves) == 10
    for curve in found.curves:
        assert 0 <= min(curve.probability) <= curve.area <= max(curve.probability) <= 1


def test_it_is_the_same_twice_and_the_seed_moves_it() -> None:
    detector = Detector(size=SIZE, device="cpu")
    one, same, other = (
        check_sanity(detector, images(detector, 1), stages=1, seed=seed) for seed in (0, 0, 1)
    )
    assert one == same
    assert one.stages != other.stages


def test_a_named_class_is_explained_instead_of_the_predicted_one() -> None:
    detector = Detector(size=SIZE, device="cpu", coarse="map")
    (image,) = images(detector, 1)
    predicted = detector.detect(image)
    again = detector.detect(image, label_index=predicted.label_index)
    other = detector.detect(image, label_index=(predicted.label_index + 1) % 1000)
    np.testing.assert_array_equal(predicted.confidence.values, again.confidence.values)
    assert other.label == detector.classifier.class_names[other.label_index] != predicted.label
    assert other.probability < predicted.probability
    assert other.coarse is not None
    assert predicted.coarse is not None
    assert not np.array_equal(other.coarse.values, predicted.coarse.values)


@pytest.mark.slow
def test_guided_backpropagation_hardly_feels_the_last_layer_and_occlusion_does() -> None:
    """What Adebayo et al. found, on a photograph."""
    detector = Detector("embedded/squeezenet1_1", device="cpu", **MAP_PEAKS | {"fine": "guided"})
    photograph = detector.load(Path(__file__).parents[2] / "samples" / "macaw.jpg")
    (stage,) = check_sanity(detector, [photograph], stages=1).stages
    coarse, fine, _ = stage.changes
    assert stage.layers == 1
    assert fine.rank_correlation > 0.9
    assert fine.ssim > 0.9
    assert coarse.rank_correlation < 0.5
    assert coarse.ssim < 0.5

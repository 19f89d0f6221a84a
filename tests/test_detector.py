import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from map_peaks import MAP_PEAKS
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from torch import nn

import gnomon
from gnomon.errors import ClassifierError, SettingError
from gnomon.images import Resize
from gnomon.occlusion import prepare_engine
from gnomon.presets import SettingChanges
from gnomon.prove import prove

SAMPLES = Path(__file__).parents[1] / "samples"
PANDA = SAMPLES / "red_panda.jpg"


class Small(nn.Module):
    """A quick network with fixed random weights; 5 classes, any input size."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.first = nn.Conv2d(3, 8, 5, stride=2, padding=2)
            self.second = nn.Conv2d(8, 16, 3, stride=2, padding=1)
            self.last = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.second(torch.relu(self.first(x))))
        scores: torch.Tensor = self.last(x.mean((2, 3))) * 20
        return scores


SMALL = gnomon.Preprocessing(size=(64, 96))
SHORT: SettingChanges = MAP_PEAKS | {"keep": 0.4, "precision": "bfloat16"}
WIDE: SettingChanges = MAP_PEAKS | {"keep": 1.0, "radius": 3.0}


@pytest.fixture(scope="module")
def detector() -> gnomon.Detector:
    return gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", **MAP_PEAKS | {"keep": 0.4})


def coarse(found: gnomon.Detection) -> NDArray[np.float32]:
    assert found.coarse is not None
    return found.coarse.values


@pytest.fixture(scope="module")
def found(detector: gnomon.Detector) -> gnomon.Detection:
    return detector(PANDA)


def test_keypoints_are_in_the_file_best_first_and_with_evidence(found: gnomon.Detection) -> None:
    points = found.keypoints
    assert points.frame == "file"
    assert 0 < len(points) <= found.n_candidates
    assert (np.diff(points.score) <= 0).all()
    assert (points.xy > -0.5).all()
    assert (points.xy < np.array(found.image.size) - 0.5).all()
    assert np.isfinite([points.coarse, points.fine]).all()
    assert points.refined.any()
    assert np.isfinite(points.covariance[points.refined]).all()
    assert np.isnan(points.covariance[~points.refined]).all()
    assert coarse(found).shape == (64, 96)
    assert found.work.windows == 7 * 11


def test_the_top_fraction_of_the_candidates_stays(found: gnomon.Detection) -> None:
    assert len(found.keypoints) == int(np.ceil(0.4 * found.n_candidates))


def test_the_same_image_gives_the_same_bits(
    detector: gnomon.Detector, found: gnomon.Detection
) -> None:
    again = detector(PANDA)
    np.testing.assert_array_equal(again.keypoints.xy, found.keypoints.xy)
    np.testing.assert_array_equal(again.confidence.values, found.confidence.values)


def test_a_list_gives_a_list_and_each_image_is_as_it_is_alone(
    detector: gnomon.Detector, found: gnomon.Detection
) -> None:
    both = detector([SAMPLES / "coffee.jpg", PANDA])
    assert len(both) == 2
    np.testing.assert_array_equal(both[1].keypoints.xy, found.keypoints.xy)
    np.testing.assert_array_equal(coarse(both[1]), coarse(found))


def test_images_occluded_together_give_what_each_gives_alone(
    detector: gnomon.Detector, found: gnomon.Detection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gnomon.detector, "IMAGES_AT_A_TIME", {"cpu": 2})
    three = detector([SAMPLES / "coffee.jpg", PANDA, SAMPLES / "coffee.jpg"])
    np.testing.assert_allclose(three[1].keypoints.xy, found.keypoints.xy, atol=1e-3)
    np.testing.assert_allclose(coarse(three[1]), coarse(found), atol=1e-6)
    assert [one.label for one in three] == [three[0].label, found.label, three[0].label]
    np.testing.assert_allclose(coarse(three[2]), coarse(three[0]), atol=1e-6)


def test_another_seed_changes_the_coarse_map_only(found: gnomon.Detection) -> None:
    other = gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", **MAP_PEAKS | {"seed": 1})(
        PANDA
    )
    assert not np.array_equal(coarse(other), coarse(found))
    np.testing.assert_array_equal(other.fine.values, found.fine.values)


def test_a_short_precision_moves_the_coarse_map_a_little(found: gnomon.Detection) -> None:
    short = gnomon.Detector(
        Small(),
        preprocessing=SMALL,
        device="cpu",
        **SHORT,
    )
    other = short(PANDA)
    assert short.settings.precision == "bfloat16"
    assert np.array_equal(other.fine.values, found.fine.values)
    difference = np.abs(coarse(other) - coarse(found)).max()
    assert 0 < difference < 0.1 * coarse(found).max()


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
def test_keypoints_lie_on_the_photograph_however_it_is_resized(resize: Resize) -> None:
    found = gnomon.Detector(Small(), preprocessing=SMALL, resize=resize, device="cpu")(
        SAMPLES / "rocket.jpg"
    )
    assert len(found.keypoints)
    assert (found.keypoints.xy > -0.5).all()
    assert (found.keypoints.xy < np.array(found.image.size) - 0.5).all()


def test_the_users_model_is_left_as_it_was() -> None:
    model = Small().train()
    model.first.weight.requires_grad_(False)
    model.second.register_forward_hook(lambda *_: None)
    before = copy.deepcopy(model.state_dict())
    hooks = dict(model.second._forward_hooks)
    gnomon.Detector(model, preprocessing=SMALL, device="cpu")(PANDA)
    assert model.training
    assert not model.first.weight.requires_grad
    assert model.second.weight.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert dict(model.second._forward_hooks) == hooks
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert tensor.stride() == before[name].stride()


def test_a_detection_shows_itself(found: gnomon.Detection) -> None:
    assert found._repr_png_().startswith(b"\x89PNG")
    landmarks = gnomon.Landmarks(
        np.array([[10.0, 20.0]]), np.array([1]), ("eye",), np.array([True]), 100.0
    )
    figure = found.figure(landmarks=landmarks)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[0] == "image"
    assert titles[-2:] == ["keypoints", "annotations"]


def test_bad_choices_get_a_sentence() -> None:
    with pytest.raises(SettingError, match="did you mean 'paper'"):
        gnomon.Detector(Small(), preset="papr")
    with pytest.raises(SettingError, match="did you mean 'random'"):
        gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", fill="randon")
    with pytest.raises(SettingError, match="patch"):
        gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", patch=65)
    with pytest.raises(SettingError, match="stride is 0"):
        gnomon.Detector(Small(), preprocessing=SMALL, stride=0)
    with pytest.raises(SettingError, match="engine"):
        gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", engine="steam")
    with pytest.raises(SettingError, match="did you mean 'bfloat16'"):
        gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", precision="bfloat61")
    unknown: Any = "weigthed"
    with pytest.raises(SettingError, match="did you mean 'weighted'"):
        gnomon.Detector(Small(), preprocessing=SMALL, refine_sums=unknown)
    with pytest.raises(ClassifierError, match="torchvision/vgg19"):
        gnomon.Detector("torchvision/vgg91")
    with pytest.raises(ClassifierError, match="spatial"):
        gnomon.Detector(nn.Linear(7, 3))


def test_a_detector_does_not_change(detector: gnomon.Detector) -> None:
    for name in ("settings", "classifier", "anything"):
        with pytest.raises(SettingError, match=r"detector\.with_settings\(keep=0\.2\)"):
            setattr(detector, name, None)
    other = detector.with_settings(keep=1.0, radius=3)
    assert (other.settings.keep, other.settings.radius) == (1.0, 3)
    assert (detector.settings.keep, detector.settings.radius) == (0.4, 10.0)
    assert other.classifier is detector.classifier
    fresh = gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", **WIDE)
    np.testing.assert_array_equal(other(PANDA).keypoints.xy, fresh(PANDA).keypoints.xy)


def test_other_settings_of_the_engine_make_another_engine(detector: gnomon.Detector) -> None:
    short = detector.with_settings(precision="bfloat16")(PANDA)
    fresh = gnomon.Detector(
        Small(),
        preprocessing=SMALL,
        device="cpu",
        **SHORT,
    )(PANDA)
    np.testing.assert_array_equal(coarse(short), coarse(fresh))
    assert (coarse(short) != coarse(detector(PANDA))).any()
    dense = detector.with_settings(engine="dense")(PANDA)
    assert (dense.work.engine, detector(PANDA).work.engine) == ("dense", "incremental")
    with pytest.raises(SettingError, match="did you mean 'bfloat16'"):
        detector.with_settings(precision="bfloat61")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"keeep": 0.2}, "unknown argument 'keeep'; did you mean 'keep'"),
        ({"keep": "0.2"}, "keep is '0.2'; it is a number"),
        ({"patch": 16.5}, "patch is 16.5; it is a whole number"),
        ({"patch": True}, "patch is True; it is a whole number"),
        ({"target": "logits"}, "did you mean 'logit'"),
        ({"fill": None}, "fill is None; it is text"),
    ],
)
def test_misspelt_settings_are_said(
    detector: gnomon.Detector, changes: dict[str, Any], says: str
) -> None:
    for make in (detector.with_settings, lambda **more: gnomon.Detector(Small(), **more)):
        with pytest.raises(SettingError, match=says):
            make(**changes)
    numbers: dict[str, Any] = {"patch": np.int64(8), "keep": np.float32(0.5)}
    assert detector.with_settings(**numbers).settings.patch == 8


@pytest.fixture(scope="module")
def by_structure() -> gnomon.Detector:
    return gnomon.Detector(Small(), preprocessing=SMALL, device="cpu", keep=0.3)


def test_the_default_hides_each_keypoint_and_nothing_else(by_structure: gnomon.Detector) -> None:
    found = by_structure(PANDA)
    points = found.keypoints
    assert found.coarse is None
    assert (found.work.engine, found.work.windows) == ("incremental", 4 * len(points))
    assert found.work.fine == "layers-views"
    assert len(points) >= 3
    assert np.isfinite(points.coarse).all()
    assert np.isfinite(points.covariance).all()
    proof = prove(
        by_structure.classifier,
        prepare_engine(by_structure.classifier, "dense"),
        found.image,
        found.image.to_file.inverse().apply(points.xy),
        found.label_index,
        patch=16,
        fill="random",
        seed=0,
    )
    np.testing.assert_allclose(points.coarse, proof.mean, atol=1e-5)
    np.testing.assert_array_equal(points.proved, proof.proved)


def test_the_whole_map_is_computed_when_it_is_asked_for(by_structure: gnomon.Detector) -> None:
    plain, whole = by_structure(PANDA), by_structure.with_settings(coarse="map")(PANDA)
    points = whole.keypoints
    np.testing.assert_array_equal(points.xy, plain.keypoints.xy)
    np.testing.assert_array_equal(points.proved, plain.keypoints.proved)
    assert whole.coarse is not None
    at = whole.image.to_file.inverse().apply(points.xy)
    expected = map_coordinates(
        whole.coarse.values.astype(np.float64), at.T[::-1], order=1, mode="nearest"
    )
    np.testing.assert_allclose(points.coarse, expected)
    assert whole.work.windows == 7 * 11 + 4 * len(points)


def test_fast_occludes_nothing_and_says_so() -> None:
    fast = gnomon.Detector(Small(), preset="fast", preprocessing=SMALL, device="cpu")
    found = fast(PANDA)
    assert found.coarse is None
    assert found.work == replace(found.work, engine="none", windows=0, fine="layers")
    assert np.isnan(found.keypoints.coarse).all()
    assert not found.keypoints.proved.any()
    assert np.isfinite(found.keypoints.covariance).all()


def test_another_class_is_proved_by_its_own_probability(by_structure: gnomon.Detector) -> None:
    image = by_structure.load(PANDA)
    predicted = by_structure.detect(image)
    other = by_structure.detect(image, label_index=(predicted.label_index + 1) % 5)
    assert other.label_index != predicted.label_index
    assert not np.array_equal(other.keypoints.coarse, predicted.keypoints.coarse)


def test_peaks_of_the_map_need_the_map() -> None:
    with pytest.raises(SettingError, match="use coarse='map', or points='structure'"):
        gnomon.Detector(Small(), preset="paper", preprocessing=SMALL, coarse="keypoints")

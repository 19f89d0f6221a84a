import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gnomon.datasets import Sample
from gnomon.errors import DatasetError, SettingError
from gnomon.evaluation.apart import APART
from gnomon.evaluation.baselines import BASELINES, Baseline, random_in_box
from gnomon.geometry import Affine
from gnomon.types import Image

BOXES = np.array([[100.0, 60, 40, 20], [300, 120, 10, 80]])
SAMPLE = Sample(Path("a.png"), boxes=BOXES)

every_baseline = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)


def squares(content_hash: str = "a") -> Image:
    """Draw bright squares, 12 px wide, 28 px apart, at model size; the file is twice as wide."""
    pixels = torch.full((3, 112, 112), 0.1)
    for top in range(10, 100, 28):
        for left in range(10, 100, 28):
            pixels[:, top : top + 12, left : left + 12] = 0.6 + left / 400
    to_file = Affine.resize((112, 112), (448, 224))
    return Image(pixels, "squares", content_hash, (448, 224), to_file)


@every_baseline
def test_as_many_points_as_asked_in_file_pixels_inside_the_image(baseline: Baseline) -> None:
    for count in (1, 5, 15):
        found = baseline(squares(), SAMPLE, count, 0)
        assert found.frame == "file"
        assert len(found) == count
        assert (found.xy >= -0.5).all()
        assert (found.xy <= np.array([448, 224]) - 0.5).all()
        assert (np.diff(found.score) < 0).all()


@every_baseline
def test_the_same_seed_proposes_the_same_and_fewer_are_the_first(baseline: Baseline) -> None:
    few, many = baseline(squares(), SAMPLE, 5, 1), baseline(squares(), SAMPLE, 15, 1)
    again = baseline(squares(), SAMPLE, 15, 1)
    np.testing.assert_array_equal(many.xy, again.xy)
    if baseline not in (BASELINES["random in image"], BASELINES["random in box"]):
        np.testing.assert_array_equal(few.xy, many.xy[:5])


@pytest.mark.parametrize("name", ["random in image", "random in box"])
def test_another_seed_or_image_draws_other_points(name: str) -> None:
    first = BASELINES[name](squares(), SAMPLE, 15, 1)
    assert (first.xy != BASELINES[name](squares(), SAMPLE, 15, 2).xy).all()
    assert (first.xy != BASELINES[name](squares("b"), SAMPLE, 15, 1).xy).all()


def test_random_points_fill_their_boxes_evenly() -> None:
    found = BASELINES["random in box"](squares(), SAMPLE, 20_000, 0).xy
    first = (found[:, 0] < 200).mean()
    assert first == pytest.approx(0.5, abs=0.02)
    for box in BOXES:
        inside = found[((found >= box[:2]) & (found <= box[:2] + box[2:])).all(axis=1)]
        np.testing.assert_allclose(inside.mean(axis=0), box[:2] + box[2:] / 2, atol=1)
        np.testing.assert_allclose(np.ptp(inside, axis=0), box[2:], rtol=0.02)
    anywhere = BASELINES["random in image"](squares(), SAMPLE, 20_000, 0).xy
    np.testing.assert_allclose(anywhere.mean(axis=0), [223.5, 111.5], atol=3)
    np.testing.assert_allclose(np.ptp(anywhere, axis=0), [448, 224], rtol=0.01)


def test_without_a_box_random_in_box_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"a\.png has no annotated box"):
        random_in_box(squares(), Sample(Path("a.png")), 9, 3)


def test_shi_tomasi_finds_the_squares_corners() -> None:
    image = squares()
    found = image.to_file.inverse().apply(BASELINES["Shi-Tomasi"](image, SAMPLE, 40, 0).xy)
    edges = [edge + offset for edge in range(10, 100, 28) for offset in (0, 11)]
    corners = np.array([(x, y) for x in edges for y in edges])
    away = np.linalg.norm(found[:, None] - corners, axis=2).min(axis=1)
    assert len(found) == 40
    assert away.max() < 2


def test_sift_finds_the_squares_middles() -> None:
    image = squares()
    found = image.to_file.inverse().apply(BASELINES["SIFT"](image, SAMPLE, 4, 0).xy)
    middles = np.array([(x, y) for x in range(10, 100, 28) for y in range(10, 100, 28)]) + 5.5
    away = np.linalg.norm(found[:, None] - middles, axis=2).min(axis=1)
    assert away.max() < 0.3


@pytest.mark.parametrize("name", ["Shi-Tomasi", "SIFT"])
def test_points_keep_apart(name: str) -> None:
    image = squares()
    xy = image.to_file.inverse().apply(BASELINES[name](image, SAMPLE, 30, 0).xy)
    apart = np.linalg.norm(xy[:, None] - xy, axis=2) + np.eye(len(xy)) * 1e9
    assert apart.min() >= APART - 1e-6


@pytest.mark.parametrize("name", ["Shi-Tomasi", "SIFT"])
def test_a_flat_image_has_no_corner(name: str) -> None:
    flat = Image(torch.full((3, 64, 64), 0.5), "flat", "x", (64, 64), Affine.identity())
    assert len(BASELINES[name](flat, SAMPLE, 15, 0)) == 0


def test_without_opencv_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SettingError, match=r"SIFT needs cv2: pip install 'gnomon\[evaluation\]'"):
        BASELINES["SIFT"](squares(), SAMPLE, 5, 0)


def test_boxes_without_an_area_hold_no_random_points() -> None:
    image = Image(torch.zeros(3, 20, 30), "flat", "x", (30, 20), Affine.identity())
    boxes = np.array([[0.0, 0, 0, 0], [4, 5, 6, 7], [9, 9, 5, 0]])
    inside = random_in_box(image, Sample(Path("a.png"), boxes=boxes), 40, 0).xy
    assert ((inside >= (4, 5)) & (inside <= (10, 12))).all()
    with pytest.raises(DatasetError, match="no annotated box"):
        random_in_box(image, Sample(Path("a.png"), boxes=boxes[:1]), 40, 0)

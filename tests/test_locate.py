from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from gnomon.calibration import WEIGHTS, confidence_of
from gnomon.geometry import Affine
from gnomon.locate import FEWEST, detail_of, locate
from gnomon.presets import PRESETS
from gnomon.propose import FLOOR, Candidates
from gnomon.types import Heatmap, Image

FILE = (400, 300)
"""Width and height of the file; the detail has half, the model sees 40x30."""
SPOT = np.array([251.3, 120.6])
DEFAULT = PRESETS["default"].settings


def spotted() -> Image:
    """Draw a bright disc on a dark ground."""
    rows, columns = np.mgrid[: 2 * FILE[1], : 2 * FILE[0]] / 2 - 0.25
    bright = np.hypot(columns - SPOT[0], rows - SPOT[1]) <= 8
    soft = gaussian_filter(bright.astype(np.float64), 2.0)
    detail = (40 + 180 * soft.reshape(150, 4, 200, 4).mean(axis=(1, 3))).round().astype(np.uint8)
    return Image(
        pixels=torch.full((3, 30, 40), 0.5),
        source="drawn",
        content_hash="0" * 64,
        size=FILE,
        to_file=Affine.resize((40, 30), FILE),
        detail=np.repeat(detail[:, :, None], 3, axis=2),
    )


def needed(value: float = 1.0) -> Heatmap:
    rows, columns = np.mgrid[:30, :40]
    hill = value * np.exp(-((columns - 25) ** 2 + (rows - 12) ** 2) / 50)
    return Heatmap(hill.astype(np.float32), "fine")


def test_a_point_is_localized_in_the_file_not_at_model_size() -> None:
    found = locate(spotted(), None, needed(), replace(DEFAULT, fine_smoothing=5.6))
    points = found.keypoints
    nearest = np.hypot(*(points.xy - SPOT).T).argmin()
    assert points.frame == "file"
    assert np.hypot(*(points.xy[nearest] - SPOT)) < 0.2
    assert (points.kind[nearest], points.refined[nearest]) == ("blob", True)
    deviation = np.sqrt(np.linalg.eigvalsh(points.covariance[nearest]))
    assert (deviation > 0.05).all(), "a tenth of a detail pixel is two of the file's"
    assert (deviation < 0.5).all()
    assert np.isnan(points.coarse).all(), "the classifier is not asked"
    assert not points.proved.any()


def test_the_fine_value_is_the_maps_at_the_point() -> None:
    rows, columns = np.mgrid[:30, :40].astype(np.float32)
    plane = Heatmap(1 + 3 * columns + 100 * rows, "fine")
    coarse = Heatmap(7 * columns + 2 * rows, "coarse")
    settings = replace(DEFAULT, coarse="map", fine_smoothing=0.0, keep=1.0)
    points = locate(spotted(), coarse, plane, settings).keypoints
    x, y = spotted().to_file.inverse().apply(points.xy).T
    assert len(points) > 0
    np.testing.assert_allclose(points.fine, 1 + 3 * x + 100 * y, rtol=1e-5)
    np.testing.assert_allclose(points.coarse, 7 * x + 2 * y, rtol=1e-5)


def test_every_point_has_a_covariance_a_kind_and_a_confidence() -> None:
    random = np.random.default_rng(0)
    detail = (255 * random.random((150, 200, 3))).astype(np.uint8)
    image = replace(spotted(), detail=detail)
    points = locate(image, None, needed(), replace(DEFAULT, keep=1.0)).keypoints
    assert len(points) > 5
    assert (np.linalg.eigvalsh(points.covariance) > 0).all()
    assert (points.refined == np.isin(points.kind, ("corner", "blob"))).all()
    assert ((points.confidence > 0) & (points.confidence < 1)).all()
    assert (np.diff(points.score) <= 0).all()


def test_the_whole_coarse_map_moves_no_point() -> None:
    random = np.random.default_rng(1)
    coarse = Heatmap(random.random((30, 40)).astype(np.float32), "coarse")
    alone = locate(spotted(), None, needed(), DEFAULT).keypoints
    both = locate(spotted(), coarse, needed(), replace(DEFAULT, coarse="map")).keypoints
    np.testing.assert_array_equal(alone.xy, both.xy)
    np.testing.assert_array_equal(alone.score, both.score)


def test_without_detail_structure_is_read_at_model_size() -> None:
    bare = replace(spotted(), detail=None)
    gray, to_file = detail_of(bare)
    assert gray.shape == (30, 40)
    np.testing.assert_array_equal(to_file.matrix, bare.to_file.matrix)
    gray, to_file = detail_of(spotted())
    assert gray.shape == (150, 200)
    np.testing.assert_allclose(to_file.apply([[0, 0]]), [[0.5, 0.5]])


def test_the_fraction_that_stays_is_of_all_candidates() -> None:
    random = np.random.default_rng(0)
    detail = (255 * random.random((150, 200, 3))).astype(np.uint8)
    image = replace(spotted(), detail=detail)
    settings = replace(DEFAULT, radius=2.0)
    some = locate(image, None, needed(), replace(settings, keep=0.3))
    assert some.n_candidates > 40
    assert len(some.keypoints) == int(np.ceil(0.3 * some.n_candidates))
    assert len(locate(image, None, needed(), replace(settings, keep=0.01)).keypoints) == FEWEST


def test_confidence_is_the_logistic_regression() -> None:
    ones = np.ones(2)
    candidates = Candidates(
        xy=np.zeros((2, 2)),
        score=ones,
        evidence=ones,
        strength=np.array([0.0, 4.0]),
        focus=np.array([1.5, 6.0]),
        spread=ones,
    )
    logits = [
        WEIGHTS @ [1, np.log(focus), np.log(strength + FLOOR)]
        for focus, strength in ((1.5, 0.0), (6.0, 4.0))
    ]
    expected = 1 / (1 + np.exp(-np.array(logits)))
    np.testing.assert_allclose(confidence_of(candidates), expected)
    assert expected[0] < expected[1]


@pytest.mark.parametrize("side", [(3, 5), (1, 1), (9, 2)])
def test_the_smallest_images_have_no_points_and_raise_nothing(side: tuple[int, int]) -> None:
    detail = np.zeros((*side, 3), np.uint8)
    image = replace(spotted(), detail=detail)
    found = locate(image, None, needed(0.0), DEFAULT)
    assert len(found.keypoints) == found.n_candidates == 0
    assert len(locate(image, None, needed(), DEFAULT).keypoints) <= 1

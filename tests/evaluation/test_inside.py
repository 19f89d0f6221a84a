import numpy as np
import pytest

from gnomon.datasets import PartPolygon
from gnomon.errors import SettingError
from gnomon.evaluation import score_inside
from gnomon.types import Keypoints

HOOD = PartPolygon("hood", np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]]))
WHEEL = PartPolygon("wheel", HOOD.xy + 20)


def test_the_share_of_the_best_points_on_any_part() -> None:
    first = Keypoints.at([[5, 5], [15, 15], [25, 25], [5, 6]], [4, 3, 2, 1], "file")
    second = Keypoints.at([[40, 40]], [1], "file")
    unannotated = Keypoints.at([[5, 5]], [1], "file")
    two, four = score_inside([first, second, unannotated], [(HOOD, WHEEL), (HOOD,), ()], (2, 4))
    assert (two.images, two.points, four.points) == (2, 3, 5)
    assert two.share.value == pytest.approx(1 / 3)
    assert four.share.value == pytest.approx(3 / 5)
    assert two.share.low == 0
    assert two.share.high == 0.5


def test_no_detection_and_no_image_are_nan() -> None:
    none = Keypoints.at([], [], "file")
    assert np.isnan(score_inside([none], [(HOOD,)], (5,))[0].share.value)
    assert np.isnan(score_inside([], [], (5,))[0].share.value)


def test_model_pixels_are_refused() -> None:
    with pytest.raises(SettingError, match="are in model pixels"):
        score_inside([Keypoints.at([[1, 1]], [1])], [(HOOD,)])

import numpy as np
import pytest

from gnomon.errors import SettingError
from gnomon.evaluation import match
from gnomon.types import Keypoints, Landmarks

LANDMARKS = Landmarks(
    xy=np.array([[0.0, 0], [30, 40], [5, 5]]),
    ids=np.array([1, 2, 3]),
    names=("beak", "tail", "hidden wing"),
    visible=np.array([True, True, False]),
    scale=100.0,
)


def test_distances_are_in_units_of_the_object_to_visible_landmarks() -> None:
    found = match(Keypoints.at([[3, 4], [30, 40]], [2, 1], "file"), LANDMARKS, "gull")
    np.testing.assert_allclose(
        found.distances, [[0.05, np.hypot(27, 36) / 100], [0.5, 0]], atol=1e-15
    )
    assert (found.parts, found.label, found.scale) == (("beak", "tail"), "gull", 100.0)


def test_no_detection_is_normal() -> None:
    assert match(Keypoints.at([], [], "file"), LANDMARKS).distances.shape == (0, 2)


def test_model_pixels_are_refused() -> None:
    with pytest.raises(SettingError, match="are in model pixels"):
        match(Keypoints.at([[1, 1]], [1], "model"), LANDMARKS)

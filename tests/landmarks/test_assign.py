from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.errors import SettingError
from gnomon.landmarks import assign
from gnomon.types import Landmarks

Points = list[tuple[int, int]]
POINTS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=9)


def brute(xy: Points, marks: Points, visible: list[bool], tolerance: Fraction) -> list[list[bool]]:
    """Decide one keypoint and one landmark at a time, on squared distances, exactly."""
    rows = []
    for x, y in xy:
        apart = [Fraction((x - u) ** 2 + (y - v) ** 2) for u, v in marks]
        seen = [d for d, see in zip(apart, visible, strict=True) if see]
        rows.append(
            [
                see and d == min(seen) and d <= tolerance**2
                for d, see in zip(apart, visible, strict=True)
            ]
        )
    return rows


@given(POINTS, POINTS, st.data())
@settings(derandomize=True, deadline=None, max_examples=300)
def test_equals_a_search_in_exact_arithmetic(
    xy: Points, marks: Points, data: st.DataObject
) -> None:
    """Whole numbers make ties and distances at exactly the tolerance common."""
    visible = data.draw(st.lists(st.booleans(), min_size=len(marks), max_size=len(marks)))
    eighths = data.draw(st.integers(1, 12))
    landmarks = Landmarks(
        xy=np.array(marks, dtype=np.float64).reshape(-1, 2),
        ids=np.arange(len(marks)),
        names=("",) * len(marks),
        visible=np.array(visible, dtype=np.bool_),
        scale=8.0,
    )
    points = np.array(xy, dtype=np.float64).reshape(-1, 2)
    assigned = assign(points, landmarks, eighths / 8)
    assert assigned.shape == (len(xy), len(marks))
    assert assigned.tolist() == brute(xy, marks, visible, Fraction(eighths))


def test_the_tolerance_itself_is_near_enough(make_landmarks: Callable[..., Landmarks]) -> None:
    landmarks = make_landmarks([(0, 0)])
    points = np.array([[6.0, 8.0], [6.0, np.nextafter(8.0, 9.0) + 1e-9]])
    assert assign(points, landmarks, 0.1).tolist() == [[True], [False]]


def test_a_hidden_landmark_gets_nothing_however_near(
    make_landmarks: Callable[..., Landmarks],
) -> None:
    landmarks = make_landmarks([(0, 0), (3, 0)], visible=[False, True])
    assert assign(np.array([[0.0, 0.0]]), landmarks).tolist() == [[False, True]]


def test_landmarks_at_one_place_share_their_keypoints(
    make_landmarks: Callable[..., Landmarks],
) -> None:
    landmarks = make_landmarks([(50.123, 7), (9, 9), (50.123, 7)], ids=[41, 5, 169])
    assert assign(np.array([[51.7, 6.1]]), landmarks).tolist() == [[True, False, True]]


@pytest.mark.parametrize("alpha", [0.0, -0.1, float("nan"), float("inf")])
def test_a_tolerance_that_is_none_is_refused(
    alpha: float, make_landmarks: Callable[..., Landmarks]
) -> None:
    with pytest.raises(SettingError, match=r"alpha is .*above 0"):
        assign(np.zeros((1, 2)), make_landmarks([(0, 0)]), alpha)

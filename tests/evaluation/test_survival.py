import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.evaluation.survival import survival, survival_by_chance


def test_points_on_the_radius_survive() -> None:
    points = np.array([[0.0, 0], [10, 0], [20, 0]])
    assert survival(points, np.array([[3.0, 4], [10, 5.001]]), 5) == pytest.approx(1 / 3)
    assert survival(points, np.empty((0, 2)), 5) == 0
    assert np.isnan(survival(np.empty((0, 2)), points, 5))


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.floats(0.5, 6))
def test_chance_is_the_share_of_pixels_near_a_point(seed: int, radius: float) -> None:
    others = np.random.default_rng(seed).uniform(0, 12, (3, 2))
    near = [
        any((x - u) ** 2 + (y - v) ** 2 <= radius**2 for u, v in others)
        for y in range(9)
        for x in range(13)
    ]
    assert survival_by_chance(others, 9, 13, radius) == pytest.approx(np.mean(near))

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.geometry import Affine

finite = st.floats(-50, 50)
maps = st.tuples(*[finite] * 6).map(lambda v: Affine(np.reshape(v, (2, 3))))
invertible = maps.filter(lambda m: abs(np.linalg.det(m.matrix[:, :2])) > 0.1)
points = st.lists(st.tuples(finite, finite), max_size=5)


@settings(derandomize=True)
@given(invertible, points)
def test_inverse_takes_points_back(affine: Affine, xy: list[tuple[float, float]]) -> None:
    back = affine.inverse().apply(affine.apply(xy))
    np.testing.assert_allclose(back, np.reshape(xy, (-1, 2)), atol=1e-6)


@settings(derandomize=True)
@given(maps, maps, points)
def test_then_is_one_map_after_the_other(
    first: Affine, second: Affine, xy: list[tuple[float, float]]
) -> None:
    np.testing.assert_allclose(
        first.then(second).apply(xy), second.apply(first.apply(xy)), rtol=1e-9, atol=1e-6
    )


@settings(derandomize=True)
@given(st.tuples(*[st.integers(1, 99)] * 4))
def test_resize_maps_edges_to_edges(sides: tuple[int, int, int, int]) -> None:
    old, new = sides[:2], sides[2:]
    corners = Affine.resize(old, new).apply([(-0.5, -0.5), (old[0] - 0.5, old[1] - 0.5)])
    np.testing.assert_allclose(corners, [(-0.5, -0.5), (new[0] - 0.5, new[1] - 0.5)], atol=1e-9)


def test_covariance_moves_as_samples_do() -> None:
    affine = Affine(np.array([[2.0, 0.5, 3.0], [-0.3, 1.5, -7.0]]))
    covariance = np.array([[[2.0, 0.4], [0.4, 1.0]], np.full((2, 2), np.nan)])
    samples = np.random.default_rng(0).multivariate_normal((0, 0), covariance[0], 200_000)
    moved = affine.apply_covariance(covariance)
    np.testing.assert_allclose(moved[0], np.cov(affine.apply(samples).T), rtol=0.03)
    assert np.isnan(moved[1]).all()


@pytest.mark.parametrize("bad", [np.eye(2), np.full((2, 3), np.nan)])
def test_a_matrix_that_is_no_affine_map_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="finite 2x3"):
        Affine(bad)

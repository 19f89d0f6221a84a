import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Outline

from gnomon.datasets.polygon import PartPolygon, inside_any
from gnomon.types import Floats


def star(seed: int, corners: int) -> Floats:
    """Draw a simple, mostly concave polygon around a random place."""
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = random.uniform(5, 60, corners)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    outline: Floats = random.uniform(0, 300, 2) + reach[:, None] * around
    return outline


shapes = st.builds(star, st.integers(0, 10_000), st.integers(4, 15))


@given(shapes)
@settings(derandomize=True, deadline=None)
def test_area_and_centroid_are_opencvs(xy: Floats) -> None:
    moments = cv2.moments(xy.astype(np.float32)[:, None])
    polygon = PartPolygon("part", xy)
    assert polygon.area == pytest.approx(abs(moments["m00"]), rel=1e-4, abs=0.05)
    if polygon.area > 50:
        center = [moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]]
        np.testing.assert_allclose(polygon.centroid, center, atol=0.05)


@given(shapes)
@settings(derandomize=True, deadline=None)
def test_inside_is_matplotlibs(xy: Floats) -> None:
    points = np.random.default_rng(1).uniform(-80, 380, (500, 2))
    points = np.concatenate([points, xy.mean(axis=0)[None]])
    expected = Outline(np.concatenate([xy, xy[:1]]), closed=True).contains_points(points)
    np.testing.assert_array_equal(PartPolygon("part", xy).contains(points), expected)


@given(shapes, st.integers(0, 20))
@settings(derandomize=True, deadline=None)
def test_direction_and_first_corner_do_not_matter(xy: Floats, start: int) -> None:
    polygon, other = PartPolygon("part", xy), PartPolygon("part", np.roll(xy, start, axis=0)[::-1])
    assert other.area == pytest.approx(polygon.area)
    np.testing.assert_allclose(other.centroid, polygon.centroid, atol=1e-6)


def test_a_polygon_without_area_has_its_middle_as_centroid() -> None:
    line = PartPolygon("part", np.array([[0.0, 0], [4, 4], [2, 2]]))
    assert line.area == 0
    np.testing.assert_allclose(line.centroid, [2, 2])


def test_inside_any_is_inside_one() -> None:
    square = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]])
    both = (PartPolygon("a", square), PartPolygon("b", square + 10))
    points = np.array([[1.0, 1], [11, 11], [5, 5]])
    np.testing.assert_array_equal(inside_any(both, points), [True, True, False])
    assert not inside_any((), points).any()


def test_two_corners_are_no_polygon() -> None:
    with pytest.raises(ValueError, match=r"\(V,2\) with V >= 3"):
        PartPolygon("part", np.zeros((2, 2)))

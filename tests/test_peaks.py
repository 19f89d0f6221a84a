import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gnomon.errors import SettingError
from gnomon.peaks import candidates, find_peaks, keep_top
from gnomon.types import Heatmap, Keypoints

Map = NDArray[np.float32]
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))
RADII = st.sampled_from([0.0, 1.0, 1.5, math.sqrt(2), 2.0, 2.5, 5.0, 40.0])
TERRACES = SHAPES.flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.integers(0, 3).map(float))
)


def distinct(shape: tuple[int, int], seed: int) -> Map:
    values = np.random.default_rng(seed).permutation(shape[0] * shape[1])
    return values.reshape(shape).astype(np.float32)


def heatmap(values: object) -> Heatmap:
    return Heatmap(np.asarray(values, dtype=np.float32), "confidence")


def plateau(values: Map, y: int, x: int) -> tuple[set[tuple[int, int]], bool]:
    """Flood the plateau at (y, x); tell whether it is a peak."""
    found, edge, is_peak = {(y, x)}, [(y, x)], True
    while edge:
        row, column = edge.pop()
        for dy, dx in product((-1, 0, 1), repeat=2):
            place = (row + dy, column + dx)
            if not (0 <= place[0] < values.shape[0] and 0 <= place[1] < values.shape[1]):
                continue
            is_peak &= bool(values[place] <= values[y, x])
            if values[place] == values[y, x] and place not in found:
                found.add(place)
                edge.append(place)
    return found, is_peak


def slow_maxima(values: Map) -> list[tuple[float, float, float]]:
    """List (-score, y, x) of every regional maximum, in order."""
    seen: set[tuple[int, int]] = set()
    peaks = []
    for y, x in product(range(values.shape[0]), range(values.shape[1])):
        if (y, x) in seen:
            continue
        pixels, is_peak = plateau(values, y, x)
        seen |= pixels
        if is_peak and len(pixels) < values.size:
            n = len(pixels)
            peaks.append(
                (-float(values[y, x]), sum(p[0] for p in pixels) / n, sum(p[1] for p in pixels) / n)
            )
    return sorted(peaks)


def slow_peaks(values: Map, radius: float) -> list[tuple[float, float, float]]:
    """Go down the list; keep what has nothing kept within the radius."""
    kept: list[tuple[float, float, float]] = []
    for score, y, x in slow_maxima(values):
        if all((y - other[1]) ** 2 + (x - other[2]) ** 2 > radius**2 for other in kept):
            kept.append((score, y, x))
    return kept


def rows(points: Keypoints) -> list[tuple[float, float, float]]:
    return [(-s, y, x) for s, (x, y) in zip(points.score.tolist(), points.xy.tolist(), strict=True)]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(TERRACES, RADII)
def test_equals_the_slow_twin(values: Map, radius: float) -> None:
    assert rows(candidates(heatmap(values), radius)) == slow_peaks(values, radius)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([(30, 41), (1, 200), (64, 7)]), RADII)
def test_equals_the_slow_twin_on_larger_maps(
    seed: int, shape: tuple[int, int], radius: float
) -> None:
    values = np.random.default_rng(seed).integers(0, 12, shape).astype(np.float32)
    assert rows(candidates(heatmap(values), radius)) == slow_peaks(values, radius)


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 10**6), SHAPES, RADII)
def test_kept_points_are_apart_and_dropped_ones_had_a_better_one_near(
    seed: int, shape: tuple[int, int], radius: float
) -> None:
    values = np.random.default_rng(seed).integers(0, 5, shape).astype(np.float32)
    points = candidates(heatmap(values), radius)
    kept = set(rows(points))
    assert (np.diff(points.score) <= 0).all()
    for i, (xy, other) in enumerate(product(points.xy, points.xy)):
        same = i % len(points) == i // len(points)
        assert same or ((xy - other) ** 2).sum() > radius**2
    for score, y, x in slow_maxima(values):
        near = [s for s, r, c in kept if (r - y) ** 2 + (c - x) ** 2 <= radius**2]
        assert (score, y, x) in kept or min(near) <= score


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 10**6), SHAPES, RADII)
def test_a_turned_map_has_turned_peaks(seed: int, shape: tuple[int, int], radius: float) -> None:
    values = distinct(shape, seed)
    width = shape[1]
    xy = candidates(heatmap(values), radius).xy
    mirrored = candidates(heatmap(values[:, ::-1]), radius).xy
    np.testing.assert_array_equal(mirrored, (xy * [-1, 1]) + [width - 1, 0])
    turned = candidates(heatmap(np.rot90(values)), radius).xy
    np.testing.assert_array_equal(turned, xy[:, ::-1] * [1, -1] + [0, width - 1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (5, 8)])
@pytest.mark.parametrize("value", [0.0, -3e38, 7.5])
def test_a_flat_map_has_no_peak(shape: tuple[int, int], value: float) -> None:
    points = find_peaks(heatmap(np.full(shape, value)))
    assert len(points) == 0
    assert points.xy.shape == (0, 2)
    assert points.frame == "model"


def test_a_terraced_hill_has_one_peak_at_its_middle() -> None:
    hill = np.zeros((40, 60))
    hill[8:32, 12:48] = 1
    hill[16:32, 20:36] = 2
    assert candidates(heatmap(hill), radius=0).xy.tolist() == [[27.5, 23.5]]


def test_a_ring_is_one_plateau_and_its_hole_is_none() -> None:
    ring = np.zeros((9, 9))
    ring[2:7, 2:7] = 5
    ring[3:6, 3:6] = 1
    assert candidates(heatmap(ring)).xy.tolist() == [[4.0, 4.0]]


def test_corners_and_borders_hold_peaks() -> None:
    values = np.zeros((20, 30))
    values[0, 0], values[19, 29], values[0, 14:16], values[10, 0] = 4, 3, 2, 1
    points = candidates(heatmap(values))
    assert points.xy.tolist() == [[0.0, 0.0], [29.0, 19.0], [14.5, 0.0], [0.0, 10.0]]
    assert points.score.tolist() == [4.0, 3.0, 2.0, 1.0]


def test_the_radius_itself_is_within() -> None:
    values = np.zeros((9, 9))
    values[1, 1], values[5, 4] = 2, 1
    assert len(candidates(heatmap(values), radius=5.0)) == 1
    assert len(candidates(heatmap(values), radius=np.nextafter(5.0, 0))) == 2


def test_a_dropped_point_drops_nobody() -> None:
    values = np.zeros((3, 30))
    values[1, [5, 10, 15]] = 3, 2, 1
    assert candidates(heatmap(values), radius=6.0).xy[:, 0].tolist() == [5.0, 15.0]


@pytest.mark.parametrize(
    ("n", "keep", "left"),
    [(0, 0.4, 0), (1, 0.01, 1), (5, 0.4, 2), (6, 0.4, 3), (10, 0.7, 7), (15, 0.2, 3), (9, 1, 9)],
)
def test_the_top_fraction_is_rounded_up(n: int, keep: float, left: int) -> None:
    points = Keypoints.at(np.zeros((n, 2)), np.arange(n, 0, -1))
    assert keep_top(points, keep).score.tolist() == points.score[:left].tolist()


def test_find_peaks_is_candidates_then_keep_top() -> None:
    rough = heatmap(distinct((50, 40), seed=3))
    expected = keep_top(candidates(rough, 3.0), 0.25)
    found = find_peaks(rough, radius=3.0, keep=0.25)
    assert rows(found) == rows(expected)
    assert 0 < len(found) < len(candidates(rough, 3.0))


@pytest.mark.parametrize("keep", [0.0, -0.1, 1.01, float("nan")])
def test_bad_fractions_are_refused(keep: float) -> None:
    with pytest.raises(SettingError, match="keep"):
        find_peaks(heatmap(np.eye(4)), keep=keep)


@pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf")])
def test_bad_radii_are_refused(radius: float) -> None:
    with pytest.raises(SettingError, match="radius"):
        find_peaks(heatmap(np.eye(4)), radius=radius)

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.evaluation.repeatability import (
    APART,
    COUNT,
    TOLERANCES,
    best_apart,
    found_again,
    rivals,
    summarize,
)
from gnomon.evaluation.warps import WARPS, Warp
from gnomon.types import Floats, Keypoints

SIZE = (320, 240)
STILL = Warp("still", np.eye(3), lambda rgb: rgb)


def points(xy: Floats, deviation: float | None = None) -> Keypoints:
    found = Keypoints.at(xy, -np.arange(len(xy), dtype=float), "file")
    if deviation is None:
        return found
    return replace(found, covariance=np.tile(deviation**2 * np.eye(2), (len(xy), 1, 1)))


def grid(count: int = COUNT) -> Floats:
    x, y = np.meshgrid(np.arange(60, 260, 40.0), np.arange(60, 180, 40.0))
    return np.stack([x.ravel(), y.ravel()], axis=1)[:count]


@pytest.mark.parametrize("name", WARPS)
def test_points_that_go_along_are_all_found_again(name: str) -> None:
    warp = WARPS[name](SIZE, np.random.default_rng(4))
    again = found_again(points(grid()), points(warp.apply(grid())), warp, SIZE)
    np.testing.assert_array_equal(again.shares, 1.0)
    np.testing.assert_allclose(again.errors, 0, atol=1e-9)
    assert len(again.pairs) == COUNT


def test_shares_count_within_each_tolerance() -> None:
    shifts = np.repeat([0.5, 1.5, 3.0, 6.0, 12.0], 3)
    others = grid() + np.stack([shifts, np.zeros(COUNT)], axis=1)
    again = found_again(points(grid()), points(others), STILL, SIZE)
    np.testing.assert_allclose(again.shares, [0.2, 0.4, 0.6, 0.8])
    np.testing.assert_allclose(np.sort(again.errors), shifts[:12])


def test_only_the_best_points_that_are_apart_count() -> None:
    heap = grid(1) + np.arange(40)[:, None] * [0.1, 0]
    again = found_again(points(heap), points(heap), STILL, SIZE)
    np.testing.assert_allclose(again.shares, 1 / COUNT, err_msg="a heap is one point")
    many = np.concatenate([grid(), grid() + 20])
    assert len(best_apart(points(many))) == COUNT
    between = np.linalg.norm(heap[:, None] - best_apart(points(heap)).xy[None], axis=2)
    assert (between.min(axis=1) < APART).all()


def test_missing_points_gain_nothing() -> None:
    few = found_again(points(grid(5)), points(grid(5)), STILL, SIZE)
    np.testing.assert_allclose(few.shares, 5 / COUNT)
    none = found_again(points(np.zeros((0, 2))), points(grid()), STILL, SIZE)
    np.testing.assert_array_equal(none.shares, 0)
    one_sided = found_again(points(grid()), points(grid(5)), STILL, SIZE)
    np.testing.assert_allclose(one_sided.shares, 5 / COUNT)


def test_a_point_whose_place_left_the_image_does_not_count() -> None:
    """Shifted by 100 px: of 15 points, 6 leave, and the others are found again."""
    homography = np.eye(3)
    homography[0, 2] = 100
    warp = Warp("shift", homography, lambda rgb: rgb)
    stay = grid()[:, 0] + 100 <= SIZE[0] - 0.5
    assert stay.sum() == 12
    again = found_again(points(grid()), points(grid()[stay] + (100, 0)), warp, SIZE)
    forward, backward = 12 / 12, 12 / COUNT
    np.testing.assert_allclose(again.shares, (forward + backward) / 2)


def test_matches_are_one_to_one_and_as_many_as_can_be() -> None:
    """Two points near one: one match. A chain is matched in full, not greedily."""
    mine = np.array([[100.0, 100], [106.0, 100]])
    one = found_again(points(mine), points(np.array([[103.0, 100]])), STILL, SIZE)
    assert len(one.pairs) == 1
    chain = found_again(points(mine), points(np.array([[104.5, 100], [112.0, 100]])), STILL, SIZE)
    assert sorted(chain.pairs.tolist()) == [[0, 0], [1, 1]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_matching_equals_the_best_of_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    mine, theirs = random.uniform(100, 118, (2, 4, 2))
    a, b = best_apart(points(mine)).xy, best_apart(points(theirs)).xy
    apart = np.linalg.norm(a[:, None] - b[None], axis=2)
    short = apart if len(a) <= len(b) else apart.T
    for number, within in enumerate(TOLERANCES):
        best = max(
            sum(short[row, column] <= within for row, column in enumerate(order))
            for order in permutations(range(short.shape[1]), len(short))
        )
        again = found_again(points(mine), points(theirs), STILL, SIZE)
        assert again.shares[number] == pytest.approx(best / COUNT)


def test_a_bias_of_half_a_pixel_is_the_median_error() -> None:
    again = found_again(points(grid()), points(grid() + np.array([0.3, 0.4])), STILL, SIZE)
    row = summarize("biased", "still", [again, again])
    assert row.error == pytest.approx(0.5)
    assert row.pairs == 2
    assert [one.value for one in row.found] == [1, 1, 1, 1]


@pytest.mark.parametrize(("said", "held"), [(0.5, 0.95), (0.25, 0.53), (2.0, 1.0)])
def test_gaussian_errors_are_held_as_often_as_their_covariance_says(
    said: float, held: float
) -> None:
    """Both images' points err by 0.5 px; with half the deviation 1 - exp(-5.991 / 8) are held."""
    warp = WARPS["similarity"](SIZE, np.random.default_rng(1))
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(80):
        mine = grid() + random.normal(0, 0.5, (COUNT, 2))
        theirs = warp.apply(grid()) + random.normal(0, 0.5, (COUNT, 2))
        pairs.append(found_again(points(mine, said), points(theirs, said), warp, SIZE))
    row = summarize("said", "similarity", pairs)
    assert row.held == pytest.approx(held, abs=0.03)
    assert row.known == 1
    wide = []
    for _ in range(80):
        mine, theirs = (grid() + random.normal(0, 1.5, (COUNT, 2)) for _ in range(2))
        wide.append(found_again(points(mine, 1.5), points(theirs, 1.5), STILL, SIZE))
    assert summarize("wide", "still", wide).held == pytest.approx(0.95, abs=0.02)
    bare = summarize("bare", "still", [found_again(points(grid()), points(grid()), STILL, SIZE)])
    assert bare.known == 0
    assert np.isnan(bare.held)


def test_the_first_covariance_is_turned_with_the_image() -> None:
    """Turned by 90°, a point that was unsure along x is unsure along y."""
    turn = np.array([[0.0, -1, 260], [1, 0, -20], [0, 0, 1]])
    warp = Warp("turned", turn, lambda rgb: rgb)
    long = np.diag([9.0, 0.01])
    mine = replace(points(grid(4)), covariance=np.tile(long, (4, 1, 1)))
    sure = points(warp.apply(grid(4)) + np.array([0.0, 2.0]), 0.05)
    assert found_again(mine, sure, warp, SIZE).held.tolist() == [1, 1, 1, 1]
    beside = points(warp.apply(grid(4)) + np.array([2.0, 0.0]), 0.05)
    assert found_again(mine, beside, warp, SIZE).held.tolist() == [0, 0, 0, 0]


def test_a_point_that_left_matches_nothing_and_five_pixels_are_apart() -> None:
    edge = points(np.array([[319.0, 100.0]]))
    homography = np.eye(3)
    homography[0, 2] = 1.0
    again = found_again(edge, edge, Warp("shift", homography, lambda rgb: rgb), SIZE)
    assert len(again.pairs) == 0, "its true place is outside, though one is near"
    assert again.stays.tolist() == [False]
    assert again.comes.tolist() == [True]
    pair = points(np.array([[100.0, 100.0], [104.9, 100.0], [105.0, 100.0]]))
    np.testing.assert_array_equal(best_apart(pair).xy[:, 0], [100.0, 105.0])


def test_rivals_find_corners_of_a_drawing_again() -> None:
    pytest.importorskip("cv2")
    rgb = np.full((240, 320, 3), 60, np.uint8)
    for number, (x, y) in enumerate(grid().astype(int)):
        rgb[y : y + 14, x : x + 14] = 120 + 9 * number
    warp = WARPS["perspective"](SIZE, np.random.default_rng(2))
    shares = {
        name: found_again(find(rgb), find(warp.picture(rgb)), warp, SIZE).shares[1]
        for name, find in rivals().items()
    }
    assert shares["Shi-Tomasi"] > 0.5
    assert shares["SIFT"] > 0.5
    assert shares["chance"] < 0.2

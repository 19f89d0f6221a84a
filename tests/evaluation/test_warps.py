from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from gnomon.evaluation.warps import (
    CORNER,
    GAIN,
    SCALE,
    SHIFT,
    SIDE,
    TURN,
    WARPS,
    Rgb,
    Warp,
)
from gnomon.images import decode

SAMPLES = Path(__file__).parents[2] / "samples"
SIZE = (160, 120)


def drawn(name: str, seed: int, size: tuple[int, int] = SIZE) -> Warp:
    return WARPS[name](size, np.random.default_rng(seed))


@pytest.mark.parametrize("name", WARPS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_way_back_and_the_jacobian(name: str, seed: int) -> None:
    warp = drawn(name, seed)
    xy = np.random.default_rng(seed).uniform(0, SIZE, (6, 2))
    np.testing.assert_allclose(warp.inverse().apply(warp.apply(xy)), xy, atol=1e-8)
    step = 1e-5
    for axis in (0, 1):
        moved = xy + step * np.eye(2)[axis]
        slope = (warp.apply(moved) - warp.apply(xy)) / step
        np.testing.assert_allclose(warp.jacobian(xy)[:, :, axis], slope, atol=1e-5)


@pytest.mark.parametrize("name", ["blur", "noise", "jpeg", "light"])
def test_what_changes_the_colors_moves_nothing(name: str) -> None:
    np.testing.assert_array_equal(drawn(name, 3).homography, np.eye(3))


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_similarities_are_within_their_bounds(seed: int) -> None:
    size = (640, 480)
    warp = drawn("similarity", seed, size)
    turn = warp.homography[:2, :2]
    scale = np.sqrt(np.linalg.det(turn))
    angle = np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))
    np.testing.assert_allclose(turn @ turn.T, scale**2 * np.eye(2), atol=1e-12)
    assert SCALE[0] <= scale <= SCALE[1]
    assert abs(angle) <= TURN
    middle = (np.array(size) - 1) / 2
    shift = warp.apply(middle[None])[0] - middle
    assert (np.abs(shift) <= SHIFT * 640 / SIDE).all()


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_perspectives_move_corners_and_little(seed: int) -> None:
    warp = drawn("perspective", seed)
    corners = np.array([[0, 0], [160, 0], [160, 120], [0, 120]]) - 0.5
    moved = np.abs(warp.apply(corners) - corners)
    assert (moved <= CORNER * np.array(SIZE) + 1e-9).all()
    assert moved.max() > 0


def spot(x: float, y: float) -> Rgb:
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    value = 40 + 180 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)
    return np.repeat(value[:, :, None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("name", WARPS)
@pytest.mark.parametrize("seed", range(3))
def test_the_picture_goes_where_the_points_go(name: str, seed: int) -> None:
    pytest.importorskip("cv2")
    warp = drawn(name, seed)
    place = np.array([[70.0, 55.0]])
    warped = warp.picture(spot(*place[0])).astype(float).mean(axis=2)
    smooth = gaussian_filter(warped, 2)
    light = np.maximum(smooth - np.percentile(smooth, 90) - 0.3 * np.ptp(smooth), 0)
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    middle = [(columns * light).sum() / light.sum(), (rows * light).sum() / light.sum()]
    np.testing.assert_allclose(middle, warp.apply(place)[0], atol=0.3)


def test_the_same_seed_gives_the_same_picture() -> None:
    pytest.importorskip("cv2")
    rgb = decode(SAMPLES / "cat.jpg").within(160).rgb
    for name in WARPS:
        one, same, other = (drawn(name, seed, (160, 106)).picture(rgb) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)
        assert one.shape == rgb.shape
        assert one.dtype == np.uint8


def test_light_is_scaled_and_noise_has_its_size() -> None:
    pytest.importorskip("cv2")
    gray = np.full((120, 160, 3), 100, np.uint8)
    means = [drawn("similarity", seed).picture(gray).mean() / 100 for seed in range(40)]
    assert GAIN[0] - 0.01 <= min(means) < 0.85
    assert 1.15 < max(means) <= GAIN[1] + 0.01
    assert drawn("similarity", 0).picture(gray).std() == pytest.approx(4.0, rel=0.05)
    assert 5 <= drawn("noise", 0).picture(gray).std() <= 15.1


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2)])
def test_the_smallest_photographs_are_warped_too(size: tuple[int, int]) -> None:
    pytest.importorskip("cv2")
    rgb = np.full((size[1], size[0], 3), 90, np.uint8)
    for name in WARPS:
        assert drawn(name, 5, size).picture(rgb).shape == rgb.shape


def test_light_bends_the_grays() -> None:
    """Three grays whose logarithms are evenly apart stay so, at gamma times the distance."""
    grays = np.array([30.0, 60.0, 120.0])[None, :, None].repeat(3, axis=2)
    gammas = []
    for seed in range(20):
        steps = np.diff(np.log2(drawn("light", seed).recolor(grays)[0, :, 0]))
        assert steps[0] == pytest.approx(steps[1])
        gammas.append(steps[0])
    assert 0.6 < min(gammas) < 0.85
    assert 1.2 < max(gammas) < 1.5

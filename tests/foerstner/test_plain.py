import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate

from gnomon.errors import SettingError
from gnomon.foerstner import refine
from gnomon.foerstner.gradients import LUMINANCE
from gnomon.geometry import Affine
from gnomon.presets import preset
from gnomon.types import Floats, Image, Keypoints


def image(gray: Floats) -> Image:
    pixels = torch.from_numpy(np.repeat(gray[None], 3, axis=0).astype(np.float32))
    return Image(pixels, "drawn", "", (gray.shape[1], gray.shape[0]), Affine.identity())


def points(xy: object) -> Keypoints:
    return Keypoints.at(xy, np.zeros(len(np.asarray(xy).reshape(-1, 2))))


def by_least_squares(gray: Floats, xy: Floats, window: int) -> tuple[Floats, Floats] | None:
    """Meet the edges of the window's pixels by a library's least squares: place and covariance."""
    smooth, slope = np.array([3, 10, 3]) / 16, np.array([-1, 0, 1]) / 2
    gx = correlate(gray, np.outer(smooth, slope))[1:-1, 1:-1]
    gy = correlate(gray, np.outer(slope, smooth))[1:-1, 1:-1]
    y, x = np.indices(gray.shape)[:, 1:-1, 1:-1]
    near = (np.abs(x - xy[0]) <= window / 2) & (np.abs(y - xy[1]) <= window / 2)
    edges = np.stack([gx[near], gy[near]], axis=1)
    high, low = np.linalg.eigvalsh(edges.T @ edges)[::-1]
    roundness = 4 * high * low / max((high + low) ** 2, 1e-300)
    assume(abs(roundness - 0.1) >= 1e-6)  # nearer to the bound, rounding decides
    if roundness < 0.1:
        return None
    target = (edges * np.stack([x[near], y[near]], axis=1)).sum(axis=1)
    place, *_ = np.linalg.lstsq(edges, target)
    misses = target - edges @ place
    spare = max(near.sum() - 2, 1)
    far = np.array(gray.shape[::-1]) - 0.5
    inside = (np.abs(place - xy) <= window / 2) & (place >= -0.5) & (place <= far)
    covariance = misses @ misses / spare * np.linalg.inv(edges.T @ edges)
    return (place, covariance) if inside.all() else None


@settings(derandomize=True, deadline=None)
@given(
    st.tuples(st.integers(3, 14), st.integers(3, 14)),
    st.integers(1, 9),
    st.sampled_from([1.0, 0.5, 0.01]),
    st.integers(0, 1000),
)
def test_it_is_the_least_squares_solution_within_the_window(
    size: tuple[int, int], window: int, grid: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    gray = rng.random(size).astype(np.float32).astype(np.float64)
    spread = rng.uniform(-1, np.array(size[::-1]), (8, 2))
    start = np.round(spread / grid) * grid
    found = refine(image(gray), points(start), window=window, sums="plain")
    luminance = gray * LUMINANCE.astype(np.float64).sum()
    for row, xy in enumerate(start):
        expected = by_least_squares(luminance, xy, window)
        assert bool(found.refined[row]) == (expected is not None)
        if expected is None:
            np.testing.assert_array_equal(found.xy[row], xy)
            assert np.isnan(found.covariance[row]).all()
        else:
            np.testing.assert_allclose(found.xy[row], expected[0], atol=1e-3)
            scale = np.trace(expected[1]) + 1e-9
            np.testing.assert_allclose(found.covariance[row], expected[1], atol=1e-3 * scale)


def crossing(place: Floats, side: int = 31, fine: int = 16) -> Floats:
    """Draw four quarters, dark and light, that meet at a place; pixels average their samples."""
    samples = (np.arange(side * fine) + 0.5) / fine - 0.5
    dark = (samples[None] > place[0]) ^ (samples[:, None] > place[1])
    return np.asarray(dark.reshape(side, fine, side, fine).mean((1, 3)))


def test_it_finds_a_crossing() -> None:
    rng = np.random.default_rng(0)
    for place in 15 + rng.uniform(-0.5, 0.5, (20, 2)):
        found = refine(image(crossing(place)), points([[15, 15]]), sums="plain")
        assert found.refined.all()
        assert np.hypot(*(found.xy[0] - place)) < 0.15


@pytest.mark.parametrize("window", [3, 6, 7])
def test_a_turned_image_has_turned_points(window: int) -> None:
    gray = np.random.default_rng(1).random((24, 31))
    start = np.random.default_rng(2).integers(0, 2 * 23, (200, 2)) / 2
    one = refine(image(gray), points(start), window=window, sums="plain")
    turned = np.ascontiguousarray(np.rot90(gray))
    swapped = np.stack([start[:, 1], 30 - start[:, 0]], axis=1)
    two = refine(image(turned), points(swapped), window=window, sums="plain")
    assert one.refined.sum() > 20
    np.testing.assert_array_equal(two.refined, one.refined)
    expected = np.stack([one.xy[:, 1], 30 - one.xy[:, 0]], axis=1)
    np.testing.assert_allclose(two.xy, expected, atol=1e-9)


@pytest.mark.parametrize("away", [4, 6, 100])
def test_a_flat_image_an_edge_and_a_point_outside_stay(away: float) -> None:
    edge = np.tile(np.arange(20) > 9, (20, 1)).astype(np.float64)
    start = points([[10, 10], [-away, -away], [19 + away, 5]])
    for gray in (np.full((20, 20), 0.3), edge, np.zeros((2, 9)), np.zeros((1, 1))):
        found = refine(image(gray), start, sums="plain")
        assert not found.refined.any()
        np.testing.assert_array_equal(found.xy, start.xy)
        assert np.isnan(found.covariance).all()


def test_no_points_give_no_points_and_unknown_sums_are_refused() -> None:
    assert len(refine(image(np.zeros((9, 9))), points(np.empty((0, 2))), sums="plain")) == 0
    with pytest.raises(SettingError, match="did you mean 'plain'"):
        refine(image(np.zeros((9, 9))), points([[1, 1]]), sums="plane")


def test_the_papers_preset_counts_all_pixels_alike() -> None:
    assert preset("paper").settings.refine_sums == "plain"
    assert preset("default").settings.refine_sums == "weighted"

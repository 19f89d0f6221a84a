import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.occlusion.heatmap import Floats, overlap_mean
from gnomon.occlusion.windows import window_grid


def pixel_by_pixel(
    drops: Floats, windows: list[list[int]], patch: int, shape: tuple[int, int]
) -> Floats:
    result = np.zeros(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            over = [
                drop
                for drop, (y, x) in zip(drops, windows, strict=True)
                if y <= i < y + patch and x <= j < x + patch
            ]
            result[i, j] = np.mean(over) if over else 0.0
    return result


@st.composite
def grids(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    height, width = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    patch = draw(st.integers(1, min(height, width)))
    return height, width, patch, draw(st.integers(1, 16)), draw(st.integers(0, 99))


@given(grids())
@settings(derandomize=True, deadline=None)
def test_each_pixel_has_the_mean_over_the_windows_that_cover_it(
    grid: tuple[int, int, int, int, int],
) -> None:
    height, width, patch, stride, seed = grid
    rng = np.random.default_rng(seed)
    windows = window_grid(height, width, patch, stride).numpy()
    drops = rng.random(len(windows)) * 10.0 ** rng.uniform(-12, 0, len(windows))
    drops[rng.random(len(windows)) < 0.3] = 0.0
    mean = overlap_mean(drops, windows, patch, height, width)
    slow = pixel_by_pixel(drops, windows.tolist(), patch, (height, width))
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, slow, rtol=1e-6, atol=0)  # atol 0: no ghosts beside zeros
    assert not np.signbit(mean).any()

    order = rng.permutation(len(windows))
    shuffled = overlap_mean(drops[order], windows[order], patch, height, width)
    assert np.array_equal(mean, shuffled)


def test_a_subset_of_the_windows_counts_only_itself() -> None:
    windows = np.array([[0, 0], [1, 2]])
    mean = overlap_mean(np.array([1.0, 3.0]), windows, 2, 3, 4)
    np.testing.assert_array_equal(mean, [[1, 1, 0, 0], [1, 1, 3, 3], [0, 0, 3, 3]])


def test_pixels_with_the_same_windows_have_the_same_bits() -> None:
    windows = window_grid(32, 32, 16, 8).numpy()
    mean = overlap_mean(np.random.default_rng(0).random(len(windows)), windows, 16, 32, 32)
    cells = mean.reshape(4, 8, 4, 8)
    assert (cells == cells[:, :1, :, :1]).all()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from gnomon.structure import BORDER, structure, structure_peaks


def noise(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def test_it_is_the_smaller_eigenvalue_of_the_structure_tensor() -> None:
    gray = gaussian_filter(noise((40, 50)), 1.0)
    wide = gray.astype(np.float64)
    x = gaussian_filter(wide, 1.0, order=(0, 1), truncate=3)
    y = gaussian_filter(wide, 1.0, order=(1, 0), truncate=3)
    products = [gaussian_filter(one, 2.0, truncate=3) for one in (x * x, x * y, y * y)]
    xx, xy, yy = products
    tensor = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -1)
    expected = np.linalg.eigvalsh(tensor)[..., 0]
    np.testing.assert_allclose(structure(gray), expected, rtol=1e-3, atol=1e-3 * expected.max())


def test_an_edge_has_none_and_a_corner_has() -> None:
    gray = np.zeros((40, 40), np.float32)
    gray[:, 20:] = 1
    edge = structure(gray)
    gray[:20] = 0
    corner = structure(gray)
    assert edge.max() < 1e-3 * corner.max()
    y, x = np.unravel_index(corner.argmax(), corner.shape)
    assert np.hypot(x - 19.5, y - 19.5) < 3


@given(st.floats(0.1, 0.9), st.floats(0.0, 0.1))
def test_light_scales_it_and_its_offset_changes_nothing(gain: float, offset: float) -> None:
    gray = gaussian_filter(noise((30, 30)), 1.0)
    changed = structure((gain * gray + offset).astype(np.float32))
    plain = structure(gray)
    np.testing.assert_allclose(changed, gain**2 * plain, atol=1e-3 * gain**2 * plain.max())


@given(st.floats(-0.45, 0.45), st.floats(-0.45, 0.45))
def test_a_peak_between_pixels_is_found_to_the_fraction(dx: float, dy: float) -> None:
    rows, columns = np.mgrid[:21, :31]
    hill = 100 - 2.0 * (columns - 15 - dx) ** 2 - 3.0 * (rows - 9 - dy) ** 2
    xy, strength = structure_peaks(np.maximum(hill, 0).astype(np.float32))
    assert len(xy) == 1
    np.testing.assert_allclose(xy[0], (15 + dx, 9 + dy), atol=1e-3)
    assert strength[0] == pytest.approx(hill[9, 15], rel=1e-6)


def test_nothing_is_found_at_the_border_or_where_nothing_is() -> None:
    values = np.zeros((20, 20), np.float32)
    values[BORDER - 1, 10] = values[10, -BORDER] = 1
    assert len(structure_peaks(values)[0]) == 0
    values[BORDER - 1, 10] = 0
    values[BORDER, 10] = 1
    np.testing.assert_array_equal(structure_peaks(values)[0], [[10, BORDER]])
    assert len(structure_peaks(np.zeros((3, 3), np.float32))[0]) == 0

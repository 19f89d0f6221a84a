import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.special import log_expit

from gnomon.errors import SettingError
from gnomon.fusion import fuse
from gnomon.types import Heatmap, HeatmapKind

MAPS = arrays(np.float32, (5, 7), elements=st.floats(-1e6, 1e6, width=32))


def heatmap(values: object, kind: HeatmapKind = "coarse") -> Heatmap:
    return Heatmap(np.asarray(values, dtype=np.float32), kind)


def standardized(values: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = values.astype(np.float64)
    return np.zeros_like(wide) if np.ptp(wide) == 0 else (wide - wide.mean()) / wide.std()


@settings(derandomize=True, deadline=None)
@given(MAPS, MAPS, st.floats(0, 4), st.floats(0, 4))
def test_equals_the_formula(
    coarse: NDArray[np.float32], fine: NDArray[np.float32], wc: float, wf: float
) -> None:
    fused = fuse(heatmap(coarse), heatmap(fine, "fine"), coarse_weight=wc, fine_weight=wf)
    expected = wc * log_expit(standardized(coarse)) + wf * log_expit(standardized(fine))
    np.testing.assert_allclose(fused.values, expected, rtol=1e-6, atol=1e-7)
    assert fused.kind == "confidence"


def test_flat_maps_say_nothing() -> None:
    rng = np.random.default_rng(0)
    fine = rng.random((6, 6))
    fused = fuse(heatmap(np.full((6, 6), 0.1)), heatmap(fine, "fine"))
    alone = fuse(heatmap(fine), heatmap(fine, "fine"), coarse_weight=0)
    np.testing.assert_allclose(fused.values, alone.values - np.log(2), rtol=1e-6)


@pytest.mark.parametrize("value", [0.1, 1e-30, -3e38])
def test_flat_stays_flat_when_smoothed(value: float) -> None:
    flat = heatmap(np.full((9, 4), value))
    fused = fuse(flat, flat, coarse_smoothing=3.0, fine_smoothing=0.4)
    np.testing.assert_allclose(fused.values, -2 * np.log(2), rtol=1e-6)


def test_a_far_outlier_neither_overflows_nor_loses_the_rest() -> None:
    spike = np.zeros((300, 300))
    spike[5, 5] = 3e38
    spike[9, 9] = -3e38
    fused = fuse(heatmap(spike), heatmap(spike, "fine"))
    assert fused.values[9, 9] == pytest.approx(-2 * np.sqrt(300 * 300 / 2), rel=1e-3)
    assert -1e-6 < fused.values[5, 5] <= 0
    assert fused.values[0, 0] == pytest.approx(-2 * np.log(2), rel=1e-6)


def test_smoothing_acts_on_its_own_map_and_mirrors_at_borders() -> None:
    spike = np.zeros((21, 21))
    spike[0, 10] = 1
    flat = np.zeros((21, 21))
    smooth = fuse(heatmap(spike), heatmap(flat, "fine"), coarse_smoothing=2.0)
    same = fuse(heatmap(flat), heatmap(spike, "fine"), fine_smoothing=2.0)
    np.testing.assert_array_equal(smooth.values, same.values)
    doubled = np.concatenate([spike[::-1], spike])
    mirrored = fuse(heatmap(doubled), heatmap(np.zeros((42, 21)), "fine"), coarse_smoothing=2.0)
    np.testing.assert_allclose(smooth.values, mirrored.values[21:], rtol=1e-5)
    assert smooth.values.argmax() == 10


def test_maps_of_different_sizes_are_refused() -> None:
    with pytest.raises(SettingError, match=r"\(2, 3\).*\(3, 2\)"):
        fuse(heatmap(np.zeros((2, 3))), heatmap(np.zeros((3, 2)), "fine"))


@pytest.mark.parametrize(
    "name", ["coarse_weight", "fine_weight", "coarse_smoothing", "fine_smoothing"]
)
@pytest.mark.parametrize("value", [-0.5, float("nan"), float("inf")])
def test_bad_numbers_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(SettingError, match=name):
        fuse(heatmap(np.eye(3)), heatmap(np.eye(3), "fine"), **{name: value})

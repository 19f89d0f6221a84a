import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity as reference_ssim

from gnomon.evaluation.similarity import rank_correlation, structural_similarity, top_overlap
from gnomon.types import Floats


def maps(seed: int, levels: int = 0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    one = random.random((23, 31))
    other = one + random.random() * random.normal(size=one.shape)
    return (np.round(one * levels), np.round(other * levels)) if levels else (one, 5 * other - 3)


def unit(values: Floats) -> Floats:
    scaled: Floats = (values - values.min()) / np.ptp(values)
    return scaled


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([0, 3]))
def test_rank_correlation_is_scipys(seed: int, levels: int) -> None:
    one, other = maps(seed, levels)
    expected = spearmanr(one.ravel(), other.ravel()).statistic
    assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-12)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([0, 3]))
def test_ssim_is_scikit_images(seed: int, levels: int) -> None:
    one, other = maps(seed, levels)
    expected = reference_ssim(
        unit(one),
        unit(other),
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert structural_similarity(one, other) == pytest.approx(expected, abs=1e-10)


def test_a_flat_map_has_no_ranks_and_no_structure() -> None:
    one, _ = maps(0)
    assert np.isnan(rank_correlation(one, np.full_like(one, 2)))
    assert structural_similarity(one, one) == pytest.approx(1)
    assert structural_similarity(one, np.full_like(one, 2)) < 0.1


def test_ssim_wants_room_for_its_window() -> None:
    assert np.isnan(structural_similarity(np.eye(10), np.eye(10)))
    assert structural_similarity(np.eye(11), np.eye(11)) == pytest.approx(1)


def test_the_strongest_tenth() -> None:
    ramp = np.arange(100.0).reshape(10, 10)
    assert top_overlap(ramp, ramp**2) == 1
    assert top_overlap(ramp, -ramp) == 0
    half = np.where(ramp >= 95, ramp, -ramp)
    assert top_overlap(ramp, half) == 0.5

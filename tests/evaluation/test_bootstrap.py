import numpy as np
import pytest
from scipy import stats

from gnomon.evaluation.bootstrap import Bootstrap, interval, ratio


def test_the_interval_of_a_mean_is_scipys() -> None:
    values = np.random.default_rng(3).gamma(2, size=80)
    draws = Bootstrap.of(80, resamples=20_000, seed=1)
    ours = interval(ratio(draws.sums(list(values), ()), draws.sums([1] * 80, ())))
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=2
    ).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.03 * width)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        hits = random.binomial(10, 0.7, size=60)
        draws = Bootstrap.of(60, resamples=400, seed=seed)
        found = interval(ratio(draws.sums(list(hits), ()), draws.sums([10] * 60, ())))
        covered += found.low <= 0.7 <= found.high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_same_seed_draws_the_same() -> None:
    np.testing.assert_array_equal(Bootstrap.of(9, 5, 1).times, Bootstrap.of(9, 5, 1).times)
    assert (Bootstrap.of(9, 5, 1).times != Bootstrap.of(9, 5, 2).times).any()
    assert (Bootstrap.of(9, 5, 1).times.sum(axis=1) == 9).all()


def test_nothing_counted_is_nan() -> None:
    draws = Bootstrap.of(0, resamples=10)
    found = interval(ratio(draws.sums([], ()), draws.sums([], ())))
    assert np.isnan([found.value, found.low, found.high]).all()

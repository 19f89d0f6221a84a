import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.evaluation import Match, score, score_classes, score_parts

BUDGETS = (2, 5, 9)
ALPHAS = (0.1, 0.4)
PARTS = ("beak", "tail", "wing")


def some_matches(seed: int, images: int) -> list[Match]:
    random = np.random.default_rng(seed)
    found = []
    for _ in range(images):
        points, landmarks = int(random.integers(0, 12)), int(random.integers(0, 5))
        distances = np.round(random.uniform(0, 1, (points, landmarks)), 1)
        parts = tuple(random.choice(PARTS, landmarks))
        label = str(random.choice(["gull", "tern"]))
        found.append(Match(distances, parts, float(random.uniform(50, 300)), label))
    return found


some = st.builds(some_matches, st.integers(0, 1000), st.integers(0, 8))


def nearest(match: Match, landmark: int, budget: int) -> float:
    return min((float(row[landmark]) for row in match.distances[:budget]), default=np.inf)


@given(some)
@settings(derandomize=True, deadline=None)
def test_scores_are_a_plain_count(matches: list[Match]) -> None:
    told = [match for match in matches if match.parts]
    scores = iter(score(matches, BUDGETS, ALPHAS, resamples=3))
    for budget in BUDGETS:
        for alpha in ALPHAS:
            points = [row for m in told for row in m.distances[:budget]]
            right = [row for row in points if row.min() <= alpha]
            gaps = [(nearest(m, j, budget), m.scale) for m in told for j in range(len(m.parts))]
            found = [(gap, scale) for gap, scale in gaps if gap <= alpha]
            one = next(scores)
            assert (one.budget, one.alpha, one.images) == (budget, alpha, len(told))
            assert (one.points, one.landmarks) == (len(points), len(gaps))
            precision = len(right) / len(points) if points else np.nan
            recall = len(found) / len(gaps) if gaps else np.nan
            assert one.precision.value == pytest.approx(precision, nan_ok=True)
            assert one.recall.value == pytest.approx(recall, nan_ok=True)
            both = precision + recall
            f1 = 0.0 if both == 0 else 2 * precision * recall / both
            assert one.f1.value == pytest.approx(f1, nan_ok=True)
            error = np.mean([gap for gap, _ in found]) if found else np.nan
            error_px = np.mean([gap * scale for gap, scale in found]) if found else np.nan
            assert one.error.value == pytest.approx(error, nan_ok=True)
            assert one.error_px.value == pytest.approx(error_px, nan_ok=True)
    assert next(scores, None) is None


@given(some)
@settings(derandomize=True, deadline=None)
def test_part_scores_are_a_plain_count(matches: list[Match]) -> None:
    for one in score_parts(matches, BUDGETS, ALPHAS, resamples=3):
        gaps = [
            nearest(match, j, one.budget)
            for match in matches
            for j, part in enumerate(match.parts)
            if part == one.part
        ]
        found = [gap for gap in gaps if gap <= one.alpha]
        assert one.landmarks == len(gaps) > 0
        assert one.recall.value == pytest.approx(len(found) / len(gaps))
        error = np.mean(found) if found else np.nan
        assert one.error.value == pytest.approx(error, nan_ok=True)


def test_classes_are_scored_by_themselves() -> None:
    matches = some_matches(5, 30)
    by_class = score_classes(matches, BUDGETS, ALPHAS)
    assert list(by_class) == ["gull", "tern"]
    for label, scores in by_class.items():
        assert scores == score([m for m in matches if m.label == label], BUDGETS, ALPHAS)
    unlabeled = [Match(m.distances, m.parts, m.scale) for m in matches]
    assert score_classes(unlabeled) == {}


@given(some)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_more_points_or_tolerance_never_find_less(matches: list[Match]) -> None:
    recall = np.array([one.recall.value for one in score(matches, BUDGETS, ALPHAS, resamples=2)])
    table = np.nan_to_num(recall.reshape(len(BUDGETS), len(ALPHAS)))
    assert (np.diff(table, axis=0) >= 0).all()
    assert (np.diff(table, axis=1) >= 0).all()


def test_one_image_has_an_interval_without_width() -> None:
    match = Match(np.array([[0.0, 0.9], [0.5, 0.5]]), ("beak", "tail"), 10.0)
    (one,) = score([match], (5,), (0.1,))
    assert (one.precision.value, one.precision.low, one.precision.high) == (0.5, 0.5, 0.5)
    assert (one.points, one.recall.value, one.error.value) == (2, 0.5, 0.0)


def test_no_hit_at_all_is_an_f1_of_nothing() -> None:
    (one,) = score([Match(np.array([[0.9]]), ("beak",), 10.0)], (5,), (0.1,))
    assert (one.precision.value, one.recall.value, one.f1.value) == (0, 0, 0)
    assert np.isnan(one.error.value)

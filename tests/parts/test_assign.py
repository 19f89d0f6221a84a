"""Which part a point gets, and which part is looked for, on numbers written down by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import PIL.Image
import pytest

from gnomon.classifier import Classifier
from gnomon.images import decode
from gnomon.parts import PartFinder, discover_parts
from gnomon.parts.assign import _best, _grid
from gnomon.parts.describe import look
from gnomon.parts.features import FeatureMaps
from gnomon.parts.gather import in_mirror
from gnomon.parts.layout import Layout
from gnomon.parts.model import Group
from gnomon.types import Floats

Make = Callable[..., Any]


def group_of(count: int, repeats: list[int] | None = None, **more: Any) -> Group:
    """Make a group whose parts are equally frequent, and whose matches score (match + 10) / 10."""
    ones = np.ones(count)
    layout = Layout(np.eye(count, dtype=np.float32), np.zeros(count, complex), ones, ones / count)
    chosen: dict[str, Any] = {
        "labels": ("gull",),
        "first": 0,
        "layout": layout,
        "quantiles": np.tile([-10.0, -5.0, 0.0], (count, 1)),
        "expected": np.ones((1, count)),
        "repeats": np.array(repeats or [1] * count),
        "twins": np.full(count, -1),
    }
    return Group(**{**chosen, **more})


def matches(shares: list[list[float]], scores: list[float]) -> Floats:
    """Give the match of points that have these shares of each part, and score so at their best."""
    logs = np.log(np.array(shares))
    best = 10 * np.array(scores)[:, None] - 10
    found: Floats = logs - logs.max(axis=1, keepdims=True) + best
    return found


@pytest.mark.parametrize(("share", "part"), [(0.29, -1), (0.31, 1)])
def test_a_point_is_a_part_only_from_a_share_of_three_tenths(share: float, part: int) -> None:
    match = matches([[0.99, 0.01], [1 - share, share]], [1.0, 1.0])
    found, scores = _best(group_of(2), match)
    assert found.tolist() == [0, part]
    assert scores[0] == pytest.approx(1.0)
    assert (scores[1] > 0.5) == (part == 1)


@pytest.mark.parametrize(("score", "part"), [(0.19, -1), (0.21, 0)])
def test_a_point_is_a_part_only_where_it_matches_like_one(score: float, part: int) -> None:
    found, scores = _best(group_of(2), matches([[0.99, 0.01]], [score]))
    assert found.tolist() == [part]
    assert scores.tolist() == pytest.approx([score if part == 0 else 0.0])


def test_the_parts_shares_are_largest_together() -> None:
    match = matches([[0.6, 0.4], [0.65, 0.35], [0.05, 0.95]], [1.0, 1.0, 1.0])
    assert _best(group_of(2), match)[0].tolist() == [-1, 0, 1]
    assert _best(group_of(2), match[:2])[0].tolist() == [1, 0]
    assert _best(group_of(2, [2, 1]), match)[0].tolist() == [0, 0, 1]


def test_a_score_is_the_share_of_a_parts_own_points_that_match_worse() -> None:
    group = group_of(2, quantiles=np.array([[0.0, 1.0, 3.0], [-4.0, -2.0, 0.0]]))
    found = group.score(np.array([[2.0, -3.0], [9.0, -9.0]]))
    np.testing.assert_allclose(found, [[0.75, 0.25], [1.0, 0.0]])
    np.testing.assert_allclose(group.score_of(np.array([1, 0]), np.array([-1, 0.5])), [0.75, 0.25])


def test_an_unknown_class_expects_what_all_show_on_average() -> None:
    group = group_of(2, labels=("gull", "tern"), expected=np.array([[1.0, 0.2], [0.5, 0.4]]))
    assert group.expects("tern").tolist() == [0.5, 0.4]
    np.testing.assert_allclose(group.expects("auk"), [0.75, 0.3])


@pytest.mark.parametrize(("share", "least", "sought"), [
    (0.49, 0.5, False), (0.5, 0.5, True), (0.49, 0.4, True), (0.9, 0.95, False),
])  # fmt: skip
def test_only_what_is_expected_and_missing_is_searched(
    drawn: Make, classifier: Classifier, share: float, least: float, sought: bool
) -> None:
    birds = drawn({"bird": "bird"})
    model = discover_parts(birds.run, classifier, 4)
    (group,) = model.groups
    easy = replace(group, quantiles=group.quantiles - 1000)
    row = birds.run.images.to_pylist()[0]
    xy, picture = birds.points(row["image_id"]), decode(row["path"])
    parts = PartFinder(replace(model, groups=(easy,)), classifier).assign(picture, xy, "bird").part
    assert sorted(parts.tolist()) == [0, 1, 2, 3]
    shares = np.where(np.arange(4) == parts[0], share, 1.0)
    rare = replace(model, groups=(replace(easy, expected=shares[None]),))
    finder = PartFinder(rare, classifier)
    found = finder.assign(picture, xy[1:], "bird", expected=least)
    assert found.part.tolist() == parts[1:].tolist()
    assert [one.part for one in found.searched] == ([parts[0]] if sought else [])


def test_missing_parts_are_searched_every_four_pixels_of_the_view_inside_the_file(
    classifier: Classifier,
) -> None:
    picture = decode(PIL.Image.new("RGB", (60, 90)))
    seen = look(FeatureMaps(classifier), picture, np.array([[30.0, 40], [50, 40], [10, 40]]))
    grid = _grid(seen, picture.size)
    assert (grid >= 0).all()
    assert (grid <= [59, 89]).all()
    shown = seen.view.from_file.apply(grid)
    np.testing.assert_allclose(shown % 4, 2.0, atol=1e-9)
    step = 4 / seen.view.from_file.matrix[0, 0]
    for axis, reach in ((0, 59), (1, 60)):
        steps = np.unique(grid[:, axis].round(9))
        np.testing.assert_allclose(np.diff(steps), step)
        assert (steps[-1] - steps[0]) == pytest.approx(reach, abs=2 * step)


def test_in_a_mirror_a_point_looks_as_in_the_mirrored_photograph(classifier: Classifier) -> None:
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (12, 15, 3), dtype=np.uint8)
    photograph = PIL.Image.fromarray(coarse).resize((120, 96), PIL.Image.Resampling.BICUBIC)
    mirrored = photograph.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)
    features = FeatureMaps(classifier)
    xy = np.array([[60.0, 50], [75, 40], [40, 58], [55, 70]])
    there = np.stack([119 - xy[:, 0], xy[:, 1]], axis=1)
    seen = look(features, decode(photograph), xy)
    wanted = look(features, decode(mirrored), there).describe(there)
    found = in_mirror(features, seen).describe(xy)
    assert np.abs(found - wanted).max() < 0.02
    assert np.abs(seen.describe(xy) - wanted).max() > 0.2

"""Parts against annotated ones, and annotated points from parts, on cases worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from gnomon.datasets import Sample
from gnomon.datasets.polygon import PartPolygon
from gnomon.errors import SettingError
from gnomon.evaluation import Targets, consistency, regress, regress_parts
from gnomon.evaluation.part_regression import _error
from gnomon.evaluation.parts import annotated_part
from gnomon.types import Landmarks


def sample(names: tuple[str, ...], xy: object, **more: Any) -> Sample:
    points = np.array(xy, dtype=float)
    marks = Landmarks(
        points, np.arange(len(points)), names, np.ones(len(points), dtype=np.bool_), scale=100.0
    )
    return Sample(Path("x.jpg"), landmarks=marks, boxes=np.array([[0, 0, 100, 50]]), **more)


def test_parts_that_follow_the_names_agree_wholly() -> None:
    one = sample(("left eye", "right eye", "tail"), [(10, 10), (20, 10), (90, 40)])
    xy = np.array([(11, 10), (19, 10), (88, 41), (50, 25)])
    found = consistency([one, one], [xy, xy], [np.array([3, 3, 7, -1])] * 2)
    assert (found.images, found.keypoints) == (2, 8)
    assert (found.parts.points, found.parts.purity, found.parts.ami) == (6, 1.0, 1.0)


def test_figures_are_those_of_scikit_learn_and_of_counting() -> None:
    random = np.random.default_rng(0)
    marks = [(10, 10), (50, 40), (90, 20)]
    samples = [sample(("a", "b", "c"), marks)] * 20
    xy = [random.uniform(0, (100, 50), size=(6, 2)) for _ in samples]
    parts = [random.integers(0, 4, size=6) for _ in samples]
    found = consistency(samples, xy, parts)
    nearest = np.hypot(*(np.concatenate(xy)[:, None] - np.array(marks)).transpose(2, 0, 1)).argmin(
        1
    )
    part = np.concatenate(parts)
    assert found.parts.ami == pytest.approx(adjusted_mutual_info_score(nearest, part))
    right = sum(np.bincount(nearest[part == one]).max() for one in range(4))
    assert found.parts.purity == pytest.approx(right / 120)
    assert found.position.ami > found.parts.ami


def test_the_smallest_outline_names_a_point() -> None:
    car = PartPolygon("door", np.array([(0, 0), (80, 0), (80, 40), (0, 40)]))
    knob = PartPolygon("right_handle", np.array([(10, 10), (20, 10), (20, 20), (10, 20)]))
    one = sample(("door", "right_handle"), [(40, 20), (15, 15)], polygons=(knob, car))
    names, near = annotated_part(one, np.array([(15, 14), (60, 30), (99, 49)]))
    assert names.tolist() == ["handle", "door", "door"]
    assert near.tolist() == [True, True, False]


def test_without_a_part_there_is_nothing_to_compare() -> None:
    with pytest.raises(SettingError, match="gnomon parts RUN"):
        consistency([sample(("a",), [(1, 1)])], [np.ones((2, 2))], [np.array([-1, -1])])


def targets(xy: object) -> Targets:
    points = np.array(xy, dtype=float)
    return Targets(points, np.full((len(points), 2), (200.0, 100.0)), np.full(len(points), 50.0))


def test_a_linear_map_is_found_and_the_mean_shape_is_the_mean() -> None:
    random = np.random.default_rng(0)
    inputs = random.uniform(20, 80, size=(60, 2, 2))
    wanted = np.stack([inputs.mean(axis=1), inputs[:, 0] * 0.5 + 7], axis=1)
    wanted[0, 1] = np.nan
    here, there = targets(wanted[:40]), targets(wanted[40:])
    found = regress(inputs[:40], here, inputs[40:], there)
    assert found.points == 40
    assert found.by_image < 0.01
    mean = regress(np.empty((40, 0, 2)), here, np.empty((20, 0, 2)), there)
    away = [
        np.hypot(*(np.nanmean(wanted[:40, point], axis=0) - wanted[40:, point]).T)
        for point in range(2)
    ]
    assert mean.by_image == pytest.approx(np.mean(away) / np.sqrt(200 * 100))
    assert mean.by_box == pytest.approx(np.mean(away) / 50)
    assert mean.by_image > 10 * found.by_image


def test_what_says_nothing_of_a_point_is_penalized_until_the_mean_is_left() -> None:
    random = np.random.default_rng(0)
    inputs = random.uniform(0, (200, 100), size=(60, 16, 2))
    wanted = random.uniform(0, (200, 100), size=(60, 1, 2))
    here, there = targets(wanted[:40]), targets(wanted[40:])
    found = regress(inputs[:40], here, inputs[40:], there)
    mean = regress(np.empty((40, 0, 2)), here, np.empty((20, 0, 2)), there)
    assert found.by_image == pytest.approx(mean.by_image, rel=0.05)
    loose = _error(inputs[:40], here, inputs[40:], there, 0.01)
    assert loose.by_image > 1.2 * mean.by_image, "as a penalty chosen by what was fitted would do"


def test_annotated_points_follow_the_parts_of_images_that_were_not_learnt_from() -> None:
    random = np.random.default_rng(0)
    places = random.uniform(20, 80, size=(60, 2, 2))
    hidden = places.copy()
    hidden[50, 1] = np.nan
    keypoints = [np.concatenate([one, random.uniform(0, 100, size=(6, 2))]) for one in places]
    samples = [sample(("a", "b", "a"), [*one, (0, 0)]) for one in places]
    learning = np.arange(60) < 40
    sizes = np.full((60, 2), (200.0, 100.0))
    found = regress_parts(samples, sizes, keypoints, hidden, learning)
    assert (found.learnt, found.measured) == (40, 20)
    assert {one.points for one in (found.parts, found.position, found.mean_shape)} == {40}
    filled = hidden.copy()
    filled[50, 1] = keypoints[50].mean(axis=0)
    wanted = Targets(places, sizes, np.full(60, 100.0))
    train, test = wanted.take(np.arange(40)), wanted.take(np.arange(40, 60))
    assert found.parts == regress(filled[:40], train, filled[40:], test)
    assert found.parts.by_box < 0.1 * min(found.position.by_box, found.mean_shape.by_box)

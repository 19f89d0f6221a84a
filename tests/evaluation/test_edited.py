"""Truth that was gnomon's own points first: only what a person decided of it is measured."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from map_peaks import MAP_PEAKS

from gnomon import Detector
from gnomon.cli.evaluation_table import evaluation_table
from gnomon.datasets import Sample
from gnomon.datasets.sample import Change, Edits
from gnomon.datasets.synthetic import write_synthetic
from gnomon.errors import SettingError
from gnomon.evaluation import evaluate
from gnomon.evaluation.edited import Edited, count_edits, only_set_by_hand
from gnomon.evaluation.evaluate import is_annotated
from gnomon.types import Landmarks

FAR = (300.0, 300.0)
"""A place where gnomon has no point."""


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(size=64, device="cpu", **MAP_PEAKS | {"keep": 1.0})


def of_own_points(path: Path, detector: Detector, changes: tuple[Change, ...]) -> Sample:
    """Take gnomon's best points for truth; those that are not kept stand far from all of them."""
    xy = detector(path).keypoints.xy[: len(changes)].copy()
    xy[[one != "kept" for one in changes]] = FAR
    count = len(xy)
    everywhere = np.ones(count, dtype=np.bool_)
    landmarks = Landmarks(xy, np.arange(1, count + 1), ("point",) * count, everywhere, 64.0)
    return Sample(path, landmarks=landmarks, edits=Edits(changes, deleted=2))


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("drawn")
    write_synthetic(folder, 3)
    return sorted(folder.rglob("*.png"))


def test_kept_points_count_for_nobody(paths: list[Path], detector: Detector) -> None:
    sample = of_own_points(paths[0], detector, ("kept", "moved", "kept", "added"))
    found = evaluate(detector, [sample], resamples=20)
    assert found.edited == Edited(kept=2, moved=1, deleted=2, added=1)
    for one in found.methods:
        cell = one.at(15, 0.1)
        assert cell.landmarks == 2
        assert cell.recall.value == 0.0, "two points of gnomon's own would make it .5"
        assert math.isnan(cell.precision.value)
        assert math.isnan(cell.f1.value)
    independent = evaluate(detector, [replace(sample, edits=None)], resamples=20)
    assert independent.edited is None
    assert independent.methods[0].at(15, 0.1).recall.value == 0.5


def test_random_in_box_is_left_out_where_there_is_no_box(
    paths: list[Path], detector: Detector
) -> None:
    sample = of_own_points(paths[0], detector, ("moved",))
    boxed = replace(sample, boxes=np.array([[10.0, 10, 20, 20]]))
    assert "random in box" not in evaluate(detector, [boxed], resamples=20).left_out
    found = evaluate(detector, [boxed, replace(sample, image=paths[1])], resamples=20)
    assert found.left_out == {"random in box": f"{paths[1]} has no annotated box"}
    assert "random in box" not in [one.method for one in found.methods]


def test_nothing_is_measured_where_everything_was_kept(
    paths: list[Path], detector: Detector
) -> None:
    sample = of_own_points(paths[0], detector, ("kept", "kept"))
    assert not is_annotated(sample)
    with pytest.raises(SettingError, match="all 2 points of this data set are gnomon's own"):
        evaluate(detector, [sample])
    moved = replace(of_own_points(paths[1], detector, ("added",)), image=paths[1])
    found = evaluate(detector, [sample, moved], resamples=20)
    assert (found.images, found.unannotated) == (1, 1)
    assert found.edited == Edited(kept=2, moved=0, deleted=4, added=1)


def test_counts_are_said_and_filtering_twice_is_filtering_once(
    paths: list[Path], detector: Detector
) -> None:
    sample = of_own_points(paths[0], detector, ("kept", "moved", "added"))
    once = only_set_by_hand(sample)
    assert once.landmarks is not None
    assert once.landmarks.ids.tolist() == [2, 3]
    twice = only_set_by_hand(once)
    assert twice.landmarks is not None
    assert twice.landmarks.ids.tolist() == [2, 3]
    said = str(count_edits([sample]))
    assert "1 were left where gnomon put them" in said
    assert "the 1 that a person moved and the 1 added" in said
    assert count_edits([replace(sample, edits=None)]) is None


def test_the_table_has_no_precision_that_nobody_knows(
    paths: list[Path], detector: Detector
) -> None:
    sample = of_own_points(paths[0], detector, ("kept", "moved"))
    columns = [
        [column.header for column in evaluation_table(evaluate(detector, [one])).columns]
        for one in (sample, replace(sample, edits=None))
    ]
    assert columns == [
        ["method", "points", "recall"],
        ["method", "points", "precision", "recall", "F1"],
    ]

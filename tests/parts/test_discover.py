"""Parts of drawings are found as they were drawn, and kept."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnomon.classifier import Classifier
from gnomon.errors import RunError, SettingError
from gnomon.images import decode
from gnomon.parts import PartFinder, PartModel, discover_parts
from gnomon.parts.write import write_parts
from gnomon.runs import read_run
from gnomon.runs.discovered import read_assigned, read_searched

Make = Callable[..., Any]


def purity(drawn: Any, model: PartModel, classifier: Classifier) -> tuple[float, float]:
    """Share of the keypoints with a part whose part means their own mark, and share with one."""
    finder = PartFinder(model, classifier)
    pairs: Counter[tuple[int, str]] = Counter()
    for row in drawn.run.images.to_pylist():
        xy = drawn.points(row["image_id"])
        found = finder.assign(decode(row["path"]), xy, row["label"]).part
        pairs.update(zip(found.tolist(), drawn.truth[row["image_id"]], strict=True))
    with_part = {pair: count for pair, count in pairs.items() if pair[0] >= 0}
    best = Counter[int]()
    for (part, _), count in with_part.items():
        best[part] = max(best[part], count)
    return sum(best.values()) / sum(with_part.values()), sum(with_part.values()) / pairs.total()


def test_marks_of_one_class_are_the_parts(drawn: Make, classifier: Classifier) -> None:
    birds = drawn({"bird": "bird"})
    model = discover_parts(birds.run, classifier, 4)
    pure, told = purity(birds, model, classifier)
    assert len(model) == 4
    assert pure > 0.95
    assert told > 0.7


def test_related_classes_share_parts_and_unrelated_do_not(
    drawn: Make, classifier: Classifier
) -> None:
    related = drawn({"bird": "bird", "other": "bird"})
    assert len(discover_parts(related.run, classifier, 4).groups) == 1
    apart = drawn({"bird": "bird", "car": "car"})
    model = discover_parts(apart.run, classifier, 4)
    assert sorted(one.labels for one in model.groups) == [("bird",), ("car",)]
    assert len(model) == 8
    assert purity(apart, model, classifier)[0] > 0.95


def test_a_part_is_given_once_unless_it_repeats(drawn: Make, classifier: Classifier) -> None:
    both = drawn({"car": "wheels"})
    model = discover_parts(both.run, classifier, 4)
    (group,) = model.groups
    easy = replace(group, quantiles=group.quantiles - 1000)  # whatever matches, matches well
    finder = PartFinder(replace(model, groups=(easy,)), classifier)
    given: dict[str, set[int]] = {}
    for row in both.run.images.to_pylist():
        xy, truth = both.points(row["image_id"]), both.truth[row["image_id"]]
        parts = finder.assign(decode(row["path"]), xy, row["label"]).part
        assert sorted(np.bincount(parts, minlength=4)) == [1, 1, 2, 2]
        for part, mark in zip(parts.tolist(), truth, strict=True):
            given.setdefault(mark, set()).add(part)
    assert all(len(parts) == 1 for parts in given.values())
    for mark, (part,) in given.items():
        assert group.repeats[part] == (2 if mark in ("red", "lime") else 1)
    once = replace(easy, repeats=np.ones_like(group.repeats))
    finder = PartFinder(replace(model, groups=(once,)), classifier)
    parts = finder.assign(decode(row["path"]), xy, row["label"]).part
    assert sorted(parts.tolist()) == [-1, -1, 0, 1, 2, 3]


def test_a_missing_part_is_searched_where_it_was_drawn(drawn: Make, classifier: Classifier) -> None:
    birds = drawn({"bird": "bird"})
    model = discover_parts(birds.run, classifier, 4)
    finder = PartFinder(model, classifier)
    away = []
    for row in birds.run.images.to_pylist():
        xy = birds.points(row["image_id"])
        whole = finder.assign(decode(row["path"]), xy, row["label"]).part
        if whole[0] < 0:
            continue
        found = finder.assign(decode(row["path"]), xy[1:], row["label"])
        for one in found.searched:
            if one.part == whole[0]:
                away.append(np.hypot(*(one.xy - xy[0])))
                assert 0 <= one.score <= 1
    assert len(away) > 10
    assert np.median(away) < 12


def test_a_model_is_read_as_it_was_written(
    drawn: Make, classifier: Classifier, tmp_path: Path
) -> None:
    birds = drawn({"bird": "bird"})
    model = discover_parts(birds.run, classifier, 4).named({2: "beak"})
    file = model.write(tmp_path / "model")
    again = PartModel.read(file)
    assert again.names[2] == "beak"
    row = birds.run.images.to_pylist()[3]
    xy = birds.points(row["image_id"])
    one, other = (
        PartFinder(each, classifier).assign(decode(row["path"]), xy, row["label"])
        for each in (model, again)
    )
    np.testing.assert_array_equal(one.part, other.part)
    np.testing.assert_array_equal(one.score, other.score)


def test_what_is_written_into_a_run_is_read_with_it(drawn: Make, classifier: Classifier) -> None:
    birds = drawn({"bird": "bird"})
    assert birds.run.part_names == ()
    model = discover_parts(birds.run, classifier, 4)
    assert write_parts(birds.run, PartFinder(model, classifier)) == {}
    run = read_run(birds.run.folder)
    assert run.part_names == model.names
    assert run.keypoints.num_rows == birds.run.keypoints.num_rows
    table = read_assigned(run.folder)
    assert (run.keypoints["part"].to_numpy() >= 0).sum() == table.num_rows > 0
    assert run.keypoints["x"].equals(birds.run.keypoints["x"])
    assert set(read_searched(run.folder)["part"].to_pylist()) <= set(range(4))


def test_ids_stay_when_images_are_added(drawn: Make, classifier: Classifier) -> None:
    few = drawn({"bird": "bird"}, 16)
    many = drawn({"bird": "bird"}, 30)
    before = discover_parts(few.run, classifier, 4).named({0: "first"})
    after = discover_parts(many.run, classifier, 4, seed=3, before=before)
    assert after.names == before.names
    row = few.run.images.to_pylist()[0]
    xy = few.points(row["image_id"])
    one, other = (
        PartFinder(each, classifier).assign(decode(row["path"]), xy, "bird").part
        for each in (before, after)
    )
    both = (one >= 0) & (other >= 0)
    assert both.any()
    np.testing.assert_array_equal(one[both], other[both])


def test_the_count_is_chosen_by_itself(drawn: Make, classifier: Classifier) -> None:
    birds = drawn({"bird": "bird"}, 24)
    model = discover_parts(birds.run, classifier)
    assert len(model) == 4
    assert purity(birds, model, classifier)[0] == 1


def test_errors_say_what_to_do(drawn: Make, classifier: Classifier, tmp_path: Path) -> None:
    birds = drawn({"bird": "bird"}, 2)
    with pytest.raises(SettingError, match="ask for fewer"):
        discover_parts(birds.run, classifier, 100)
    empty = replace(birds.run, keypoints=birds.run.keypoints.slice(0, 0))
    with pytest.raises(RunError, match="no keypoint"):
        discover_parts(empty, classifier, 2)
    with pytest.raises(RunError, match="gnomon parts RUN"):
        PartModel.read(tmp_path)
    model = discover_parts(birds.run, classifier, 2)
    with pytest.raises(RunError, match="learnt with"):
        PartFinder(replace(model, weights_sha256="0" * 64), classifier)
    with pytest.raises(SettingError, match="no part 7"):
        model.named({7: "tail"})


def test_no_keypoint_has_no_part(drawn: Make, classifier: Classifier) -> None:
    birds = drawn({"bird": "bird"}, 4)
    model = discover_parts(birds.run, classifier, 2)
    path = birds.run.images["path"][0].as_py()
    found = PartFinder(model, classifier).assign(decode(path), np.empty((0, 2)), "bird")
    assert len(found.part) == 0
    assert found.searched == ()

"""CVAT's formats as datumaro, which CVAT itself reads and writes with, sees them."""

import json
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnomon.export import export_run, open_contents

ROUNDED = 0.006
"""datumaro keeps two decimals."""


def items(path: Path, format_: str) -> tuple[Any, list[Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what datumaro says of its own dependencies
        dataset = import_module("datumaro").Dataset.import_from(str(path), format_)
        return dataset, list(dataset)


@pytest.mark.parametrize("kind", ["free", "parts", "landmarks", "bare", "rotated"])
def test_datumaro_reads_points_with_their_scores(
    kind: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    run = made(kind)
    contents = open_contents(run.folder, review=run.review)
    export_run(run.folder, "cvat", tmp_path / "out", review=run.review)
    dataset, found = items(tmp_path / "out", "cvat")
    labels = dataset.categories()[import_module("datumaro").AnnotationType.label]
    assert len(found) == contents.n_images
    for item in found:
        record = next(one for one in contents if found_in(item, contents, one))
        points = [one for one in item.annotations if one.type.name == "points"]
        xy = np.array([one.points for one in points]).reshape(-1, 2) - 0.5
        np.testing.assert_allclose(xy, record.xy, atol=ROUNDED)
        scores = [one.attributes["score"] for one in points]
        wanted = [str(one) for one in record.confidence]
        assert [str(score) for score in scores] == wanted
        names = [labels[one.label].name for one in points]
        assert names == contents.point_names(record)


def found_in(item: Any, contents: Any, record: Any) -> bool:
    frame = int(item.attributes["frame"])
    return bool([one.image.image_id for one in contents][frame] == record.image.image_id)


@pytest.mark.parametrize("kind", ["free", "parts", "rotated"])
def test_datumaro_reads_skeletons(kind: str, made: Callable[[str], Any], tmp_path: Path) -> None:
    contents = open_contents(made(kind).folder)
    export_run(made(kind).folder, "cvat-skeleton", tmp_path / "out")
    _, found = items(tmp_path / "out", "coco_person_keypoints")
    assert len(found) == contents.n_images
    by_frame = {one.attributes["id"]: one for one in found}
    for key, record in enumerate(contents, start=1):
        (points,) = [one for one in by_frame[key].annotations if one.type.name == "points"]
        xy = np.array(points.points).reshape(-1, 2)[[v.value > 0 for v in points.visibility]]
        placed = contents.placed(record)[0]
        np.testing.assert_allclose(xy - 0.5, placed[~np.isnan(placed[:, 0])], atol=ROUNDED)


def test_labels_are_what_a_task_needs(made: Callable[[str], Any], tmp_path: Path) -> None:
    export_run(made("parts").folder, "cvat", tmp_path / "points")
    labels = json.loads((tmp_path / "points" / "labels.json").read_text())
    assert [one["name"] for one in labels] == ["beak", "left wing", "right wing", "keypoint"]
    assert {each["name"] for one in labels for each in one["attributes"]} == {
        "score",
        "rank",
        "run",
    }
    export_run(made("parts").folder, "cvat-skeleton", tmp_path / "skeletons")
    labels = json.loads((tmp_path / "skeletons" / "labels.json").read_text())
    assert [one["name"] for one in labels] == ["bird", "car"]
    for one in labels:
        drawn = ElementTree.fromstring(f"<svg>{one['svg']}</svg>")
        nodes = [each.attrib["data-label-name"] for each in drawn.iter("circle")]
        assert nodes == [each["name"] for each in one["sublabels"]]
        assert len(list(drawn.iter("line"))) == 2

"""COCO as its own tools see it: a run evaluated against itself is perfect, and boxes are true."""

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnomon.datasets import open_dataset
from gnomon.export import export_run, open_contents

TOOLS = {
    "pycocotools": ("pycocotools.coco:COCO", "pycocotools.cocoeval:COCOeval"),
    "faster-coco-eval": ("faster_coco_eval:COCO", "faster_coco_eval:COCOeval_faster"),
}


def named(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", ["free", "parts", "landmarks", "large"])
def test_a_run_against_itself_has_a_precision_of_one(
    tool: str, kind: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    run = made(kind)
    truth, results = tmp_path / "truth.json", tmp_path / "results.json"
    export_run(run.folder, "coco", truth, review=run.review)
    export_run(run.folder, "coco-results", results, review=run.review)
    coco, evaluator = map(named, TOOLS[tool])
    with redirect_stdout(StringIO()):
        known = coco(str(truth))
        found = evaluator(known, known.loadRes(str(results)), iouType="keypoints")
        count = len(known.loadCats(known.getCatIds())[0]["keypoints"])
        found.params.kpt_oks_sigmas = np.full(count, 0.05)
        found.evaluate()
        found.accumulate()
        found.summarize()
    assert found.stats[0] == pytest.approx(1.0)
    assert found.stats[5] == pytest.approx(1.0), "recall"


def test_a_worse_result_is_seen_to_be_worse(made: Callable[[str], Any], tmp_path: Path) -> None:
    run = made("large")
    truth, results = tmp_path / "truth.json", tmp_path / "results.json"
    export_run(run.folder, "coco", truth)
    export_run(run.folder, "coco-results", results)
    moved = json.loads(results.read_text())
    for one in moved:
        one["keypoints"][::3] = [x + 8 for x in one["keypoints"][::3]]
    results.write_text(json.dumps(moved))
    coco, evaluator = map(named, TOOLS["pycocotools"])
    with redirect_stdout(StringIO()):
        known = coco(str(truth))
        found = evaluator(known, known.loadRes(str(results)), iouType="keypoints")
        found.params.kpt_oks_sigmas = np.full(len(moved[0]["keypoints"]) // 3, 0.05)
        found.evaluate()
        found.accumulate()
        found.summarize()
    assert found.stats[0] < 0.9


@pytest.mark.parametrize("kind", ["free", "parts", "bare", "large"])
def test_boxes_hold_the_points_pixels_and_lie_in_the_image(
    kind: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    export_run(made(kind).folder, "coco", tmp_path / "truth.json")
    truth = json.loads((tmp_path / "truth.json").read_text())
    images = {one["id"]: one for one in truth["images"]}
    assert truth["annotations"]
    for one in truth["annotations"]:
        x, y, width, height = one["bbox"]
        image = images[one["image_id"]]
        assert one["area"] == pytest.approx(width * height)
        assert min(x, y) >= 0
        assert x + width <= image["width"]
        assert y + height <= image["height"]
        points = np.array(one["keypoints"]).reshape(-1, 3)
        seen = points[points[:, 2] == 2, :2] + 0.5
        assert len(seen) == one["num_keypoints"]
        assert (seen >= [x, y]).all()
        assert (seen <= [x + width, y + height]).all()
        scores = one["keypoint_scores"]
        assert [score is not None for score in scores] == list(points[:, 2] == 2)


def test_parts_are_joined_and_in_their_order(made: Callable[[str], Any], tmp_path: Path) -> None:
    export_run(made("parts").folder, "coco", tmp_path / "truth.json")
    (bird, car) = json.loads((tmp_path / "truth.json").read_text())["categories"]
    assert bird["keypoints"] == car["keypoints"] == ["beak", "left wing", "right wing"]
    assert len(bird["skeleton"]) == 2, "a tree over three parts"
    assert {place for edge in bird["skeleton"] for place in edge} == {1, 2, 3}


def test_gnomons_own_reader_reads_it(made: Callable[[str], Any], tmp_path: Path) -> None:
    contents = open_contents(made("rotated").folder)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images").symlink_to(contents.root)
    export_run(made("rotated").folder, "coco", tmp_path / "data" / "annotations.json")
    dataset = open_dataset(f"coco:{tmp_path / 'data'}")
    assert len(dataset) == contents.n_images
    for sample, record in zip(dataset, contents, strict=True):
        assert sample.landmarks is not None
        np.testing.assert_allclose(sample.landmarks.xy, record.xy, atol=1e-9)
        assert sample.label == "bird"

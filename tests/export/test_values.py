"""What values turn into: the rows, entries and objects that a run's exports have."""

import dataclasses
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas.testing
import pyarrow.parquet as pq
import pytest
import supervision as sv
from drawn import found_points

import gnomon
from gnomon.errors import GnomonError
from gnomon.export import export_run, open_contents, to_supervision
from gnomon.tables import POINTS


@pytest.mark.parametrize("kind", ["free", "parts", "landmarks", "bare"])
def test_a_run_as_a_frame_is_its_parquet_export(
    kind: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    run = gnomon.read_run(made(kind).folder)
    export_run(made(kind).folder, "parquet", tmp_path / "out")
    wanted = pq.read_table(tmp_path / "out" / "keypoints.parquet").to_pandas()
    frame = run.to_pandas()
    assert list(frame.columns) == list(wanted.columns)
    assert len(frame) == run.keypoints.num_rows > 0
    pandas.testing.assert_frame_equal(frame, wanted)


def test_keypoints_as_tables_hold_each_value(made: Callable[[str], Any]) -> None:
    points = found_points(4).keypoints
    covariance = np.arange(16.0).reshape(4, 2, 2)
    points = dataclasses.replace(points, covariance=covariance + covariance.transpose(0, 2, 1))
    table = points.to_arrow()
    assert table.schema.equals(POINTS)
    frame = points.to_pandas()
    assert frame["rank"].tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(frame[["x", "y"]], points.xy)
    np.testing.assert_array_equal(frame["cov_xy"], points.covariance[:, 0, 1])
    np.testing.assert_array_equal(frame["cov_yy"], points.covariance[:, 1, 1])
    assert frame["refined"].tolist() == [True, False, True, False]
    assert frame["kind"].tolist() == ["map"] * 4
    assert len(found_points(0).keypoints.to_pandas()) == 0


def test_a_detection_as_json_is_its_entry_of_the_export(photographed: Path, tmp_path: Path) -> None:
    export_run(photographed, "json", tmp_path / "run.json")
    run = gnomon.read_run(photographed)
    first = json.loads((tmp_path / "run.json").read_text())[0]
    detector = gnomon.Detector("embedded/squeezenet1_1", size=112, device="cpu")
    mine = json.loads(detector(first["path"]).to_json())
    assert mine.keys() == first.keys()
    assert mine.pop("seconds") > 0
    first.pop("seconds")
    assert mine == first
    assert len(mine["keypoints"]) == mine["n_keypoints"] == run.images["n_keypoints"][0].as_py()


def test_json_comes_back_and_has_null_for_what_is_unknown() -> None:
    found = found_points(3)
    text = found.to_json()
    assert json.loads(text, parse_constant=pytest.fail) == found.to_dict()
    assert "\n" not in text
    entries = found.to_dict()["keypoints"]
    assert [one["cov_xx"] for one in entries] == [None] * 3
    assert [[one["x"], one["y"]] for one in entries] == found.keypoints.xy.tolist()
    assert all(math.isfinite(one["score"]) for one in entries)
    assert found_points(0).to_dict()["keypoints"] == []


def test_secrets_and_bytes_that_are_no_text_stay_out_of_json() -> None:
    found = found_points(1)
    image = dataclasses.replace(found.image, source="https://me:secret@host/\udcff.jpg")
    text = dataclasses.replace(found, image=image).to_json()
    assert "secret" not in text
    text.encode()


def test_a_detection_is_one_object_of_supervision() -> None:
    found = found_points(3)
    points: Any = found.to_supervision()
    np.testing.assert_allclose(points.xy[0], found.keypoints.xy, rtol=1e-6)
    np.testing.assert_allclose(points.keypoint_confidence[0], found.keypoints.confidence)
    assert points.class_id.tolist() == [3]
    assert points.detection_confidence.tolist() == [0.5]
    assert list(points.data["class_name"]) == ['a "bird"']
    scene = np.zeros((40, 60, 3), dtype=np.uint8)
    lit = sv.VertexAnnotator(color=sv.Color.WHITE, radius=0).annotate(scene, points).any(axis=2)
    wanted = {(int(x), int(y)) for x, y in found.keypoints.xy}
    assert {(int(x), int(y)) for y, x in np.argwhere(lit)} == wanted
    assert len(found_points(0).to_supervision()) == 0


def test_both_ways_to_supervision_agree(made: Callable[[str], Any]) -> None:
    record, made_points = next(iter(to_supervision(open_contents(made("free").folder))))
    points: Any = made_points
    here = points.visible[0]
    np.testing.assert_allclose(points.xy[0][here], record.xy, rtol=1e-6)
    np.testing.assert_allclose(points.keypoint_confidence[0][here], record.confidence)


@pytest.mark.parametrize(
    ("module", "convert"),
    [
        ("pandas", lambda found, run: found.keypoints.to_pandas()),
        ("pandas", lambda found, run: run.to_pandas()),
        ("supervision", lambda found, run: found.to_supervision()),
    ],
)
def test_a_library_that_is_missing_is_named(
    module: str,
    convert: Callable[[Any, Any], object],
    photographed: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(GnomonError, match=rf"pip install 'gnomon\[{module}\]'"):
        convert(found_points(1), gnomon.read_run(photographed))

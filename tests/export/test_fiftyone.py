"""FiftyOne's dataset, strictly after its form, and with its own importer where it is installed."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from gnomon.export import export_run, open_contents

LABELS = {
    "ImageMetadata": {"width", "height"},
    "Classification": {"_id", "tags", "label", "confidence"},
    "Keypoints": {"keypoints"},
    "Keypoint": {"_id", "attributes", "tags", "label", "points", "confidence", "scores"},
    "Heatmap": {"_id", "tags", "map_path", "range"},
}


def check(value: Any) -> None:
    """See that a label has its fields, an id its 24 digits, and a missing number its form."""
    if isinstance(value, dict) and "_cls" in value:
        assert set(value) - {"_cls"} == LABELS[value["_cls"]]
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$oid":
                assert len(bytes.fromhex(each)) == 12
            if name == "$numberDouble":
                assert each == "NaN"
            check(each)
    elif isinstance(value, list):
        for each in value:
            check(each)


@pytest.fixture
def with_heatmaps(made: Callable[[str], Any]) -> Path:
    folder: Path = made("rotated").folder
    (folder / "heatmaps").mkdir(exist_ok=True)
    ramp = np.linspace(0, 1, 24 * 32, dtype=np.float32).reshape(24, 32)
    for record in open_contents(folder):
        path = folder / "heatmaps" / f"{record.image.image_id}.npz"
        np.savez(path, coarse=ramp, fine=ramp * 2, confidence=-ramp)
    return folder


@pytest.mark.parametrize("kind", ["free", "parts", "landmarks", "empty", "bare", "unicode"])
def test_the_form_is_as_documented(kind: str, made: Callable[[str], Any], tmp_path: Path) -> None:
    export_run(made(kind).folder, "fiftyone", tmp_path / "out", review=made(kind).review)
    metadata = json.loads((tmp_path / "out" / "metadata.json").read_text())
    assert metadata["media_type"] == "image"
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())["samples"]
    check(samples)
    for sample in samples:
        assert Path(sample["filepath"]).is_file()
        for one in sample["keypoints"]["keypoints"]:
            assert len(one["points"]) == len(one["confidence"]) == len(one["scores"])


def test_heatmaps_come_with_it(with_heatmaps: Path, tmp_path: Path) -> None:
    export_run(with_heatmaps, "fiftyone", tmp_path / "out")
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())["samples"]
    check(samples)
    for sample in samples:
        for kind in ("coarse", "fine", "confidence"):
            with PIL.Image.open(tmp_path / "out" / sample[kind]["map_path"]) as shown:
                values = np.asarray(shown).astype(int)
            assert values.shape == (24, 32)
            ends = (255, 0) if kind == "confidence" else (0, 255)
            assert (values[0, 0], values[-1, -1]) == ends


def test_fiftyones_importer_reads_it(with_heatmaps: Path, tmp_path: Path) -> None:
    pytest.importorskip("fiftyone", reason="FiftyOne conflicts with the tested versions")
    contents = open_contents(with_heatmaps)
    export_run(with_heatmaps, "fiftyone", tmp_path / "out")
    data: Any = import_module("fiftyone.utils.data")
    importer = data.LegacyFiftyOneDatasetImporter(str(tmp_path / "out"))
    with importer:
        samples = list(importer)
    for record, sample in zip(contents, samples, strict=True):
        (found,) = sample["keypoints"].keypoints
        size = [sample.metadata.width, sample.metadata.height]
        np.testing.assert_allclose(np.array(found.points) * size - 0.5, record.xy, atol=1e-6)
        np.testing.assert_allclose(found.confidence, record.confidence)
        assert sample["prediction"].label == record.image.label
        assert Path(sample["coarse"].map_path).is_file()

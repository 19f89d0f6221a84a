"""Every format that the page offers, downloaded in a real browser and opened."""

import csv
import json
import sqlite3
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest

from gnomon.export import EXPORTERS
from gnomon.runs import Event, ReviewFile, read_run

ACCEPTED = 3


def inside(file: Path, name: str) -> bytes:
    """Read the one file of a zip whose path ends so."""
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        (found,) = (one for one in packed.namelist() if one.endswith(name))
        return packed.read(found)


def coco(file: Path) -> int:
    return sum(one["num_keypoints"] for one in json.loads(file.read_bytes())["annotations"])


def coco_results(file: Path) -> int:
    return sum(len(one["keypoints"]) // 3 for one in json.loads(file.read_bytes()))


def cvat(file: Path) -> int:
    assert json.loads(inside(file, "labels.json"))
    return len(ElementTree.fromstring(inside(file, "annotations.xml")).findall(".//points"))


def cvat_skeleton(file: Path) -> int:
    read = json.loads(inside(file, "annotations/person_keypoints_default.json"))
    return sum(one["num_keypoints"] for one in read["annotations"])


def label_studio(file: Path) -> int:
    ElementTree.fromstring(inside(file, "config.xml"))
    tasks = json.loads(inside(file, "tasks.json"))
    results = [one for task in tasks for made in task["predictions"] for one in made["result"]]
    return sum(one["type"] == "keypointlabels" for one in results)


def fiftyone(file: Path) -> int:
    assert json.loads(inside(file, "metadata.json"))
    samples = json.loads(inside(file, "samples.json"))["samples"]
    found = [one for s in samples for one in s["keypoints"]["keypoints"]]
    return sum(point != ["NaN", "NaN"] for one in found for point in one["points"])


def yolo(file: Path) -> int:
    assert b"kpt_shape" in inside(file, "data.yaml")
    line = inside(file, "macaw.txt").decode().split()
    return sum(seen == "2" for seen in line[7::3])


def deeplabcut(file: Path) -> int:
    assert inside(file, "machinelabels-iter0.h5").startswith(b"\x89HDF")
    rows = list(csv.reader(inside(file, "machinelabels-iter0.csv").decode().splitlines()))
    return sum(bool(cell) for row in rows[3:] for cell in row[3::3])


def hf(file: Path) -> int:
    table = pq.read_table(BytesIO(inside(file, ".parquet")))
    return sum(map(len, table["keypoints"].to_pylist()))


def as_csv(file: Path) -> int:
    return len(list(csv.DictReader(inside(file, "keypoints.csv").decode().splitlines())))


def parquet(file: Path) -> int:
    return int(pq.read_table(BytesIO(inside(file, "keypoints.parquet"))).num_rows)


def as_json(file: Path) -> int:
    return sum(len(one["keypoints"]) for one in json.loads(file.read_bytes()))


def h5(file: Path) -> int:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(file) as read:
        return sum(len(group["keypoints"]) for group in read.values())


def colmap(file: Path) -> int:
    read = sqlite3.connect(file)
    try:
        return int(read.execute("select sum(rows) from keypoints").fetchone()[0])
    finally:
        read.close()


OPENED: dict[str, tuple[str, Callable[[Path], int]]] = {
    "coco": (".json", coco),
    "coco-results": (".json", coco_results),
    "cvat": (".zip", cvat),
    "cvat-skeleton": (".zip", cvat_skeleton),
    "label-studio": (".zip", label_studio),
    "fiftyone": (".zip", fiftyone),
    "yolo": (".zip", yolo),
    "deeplabcut": (".zip", deeplabcut),
    "hf": (".zip", hf),
    "csv": (".zip", as_csv),
    "parquet": (".zip", parquet),
    "json": (".json", as_json),
    "h5": (".h5", h5),
    "colmap": (".db", colmap),
}


def test_every_format_downloads_as_what_it_is(
    a_run: Path,
    serve: Callable[..., Any],
    open_page: Callable[..., Any],
    tmp_path: Path,
) -> None:
    rows = read_run(a_run).images.to_pylist()
    (macaw,) = (row["image_id"] for row in rows if row["path"].endswith("macaw.jpg"))
    ReviewFile(a_run).record(Event(kind="accepted", image_id=macaw, points=(1, 2, 3)))
    page = open_page(f"{serve(a_run).url}/run")
    page.locator(".point").first.wait_for()
    formats = page.get_by_label("export what was accepted as")
    assert formats.locator("option").all_inner_texts() == list(EXPORTERS) == list(OPENED)
    for kind, (suffix, count) in OPENED.items():
        formats.select_option(kind)
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Export").click()
        assert waiting.value.suggested_filename == f"run-{kind}{suffix}"
        file = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(file)
        assert count(file) == ACCEPTED, kind

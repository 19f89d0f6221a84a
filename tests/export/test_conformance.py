"""One suite for all formats: every run is exported, and read back by the format's own library.

A reader gives, for each image by its name, the points (N,2) as gnomon counts pixels, in order.
"""

import json
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any
from unicodedata import normalize

import h5py
import numpy as np
import pandas as pd
import pytest

from gnomon.export import EXPORTERS, Contents, export_run, open_contents
from gnomon.export.registry import FIXED
from gnomon.path_text import text_path
from gnomon.runs.records import Record
from gnomon.types import Floats

Points = dict[str, Floats]
Reader = Callable[[Path, Contents], Points]

KINDS = (
    "free", "parts", "landmarks", "empty", "bare",
    "unicode", "rotated", "bytes", "folders", "large",
)  # fmt: skip


def read_coco(out: Path, contents: Contents) -> Points:
    from pycocotools.coco import COCO

    with redirect_stdout(StringIO()):
        coco = COCO(str(out))
    return {
        image["file_name"]: coco_points(coco.loadAnns(coco.getAnnIds([key])))
        for key, image in coco.imgs.items()
    }


def coco_points(objects: list[dict[str, Any]]) -> Floats:
    assert len(objects) <= 1
    flat = [value for one in objects for value in one["keypoints"]]
    points = np.array(flat, dtype=float).reshape(-1, 3)
    assert set(points[:, 2]) <= {0.0, 2.0}
    return points[points[:, 2] > 0, :2]


def read_coco_results(out: Path, contents: Contents) -> Points:
    """Read by the ground truth's image ids, for results name no files."""
    results = json.loads(out.read_text(encoding="utf-8"))
    found = {one["image_id"]: one for one in results}
    return {
        contents.name(record.image): coco_points([found[key]] if key in found else [])
        for key, record in enumerate(contents, start=1)
    }


def read_cvat(out: Path, contents: Contents) -> Points:
    """Read the XML itself: datumaro, which reads it below, rounds to 0.01 px."""
    found = {}
    for image in ElementTree.parse(out / "annotations.xml").getroot().iter("image"):
        places = [one.attrib["points"].split(",") for one in image.iter("points")]
        found[image.attrib["name"]] = np.array(places, dtype=float).reshape(-1, 2) - 0.5
    return found


def read_cvat_skeleton(out: Path, contents: Contents) -> Points:
    found = read_coco(out / "annotations" / "person_keypoints_default.json", contents)
    return {name: xy - 0.5 for name, xy in found.items()}


def read_label_studio(out: Path, contents: Contents) -> Points:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own use of Pydantic
        made: Any = import_module("label_studio_sdk.label_interface")
        interface = made.LabelInterface((out / "config.xml").read_text(encoding="utf-8"))
        found = {}
        for task in json.loads((out / "tasks.json").read_text(encoding="utf-8")):
            (prediction,) = task["predictions"]
            assert interface.validate_prediction(prediction, return_errors=True) == []
            assert interface.validate_task({"data": task["data"]})
            regions = prediction["result"]
            xy = [(one["value"]["x"], one["value"]["y"]) for one in regions]
            size = [(one["original_width"], one["original_height"]) for one in regions]
            shares = np.array(xy).reshape(-1, 2) / 100
            found[task["data"]["name"]] = shares * np.array(size).reshape(-1, 2) - 0.5
    return found


def read_fiftyone(out: Path, contents: Contents) -> Points:
    """Read the JSON strictly; FiftyOne's own importer reads it in test_fiftyone.py."""
    sizes = {record.image.image_id: record.image for record in contents}
    found = {}
    for sample in json.loads((out / "samples.json").read_text(encoding="utf-8"))["samples"]:
        image = sizes[sample["gnomon_id"]]
        shares = [
            [np.nan if isinstance(value, dict) else value for value in place]
            for one in sample["keypoints"]["keypoints"]
            for place in one["points"]
        ]
        size = [sample["metadata"]["width"], sample["metadata"]["height"]]
        xy = np.array(shares, dtype=float).reshape(-1, 2) * size - 0.5
        found[contents.name(image)] = xy[~np.isnan(xy[:, 0])]
    return found


def original(record: Record) -> bytes:
    return Path(text_path(record.image.path)).read_bytes()


def copies_of(folder: Path, contents: Contents) -> dict[str, Path]:
    """Find the copy of each image by its content; no two copies differ only in case."""
    pictures = [path for path in folder.rglob("*.*") if path.suffix in (".jpg", ".png")]
    folded = {normalize("NFC", str(path)).casefold() for path in pictures}
    assert len(folded) == len(pictures) == contents.n_images
    by_content = {path.read_bytes(): path for path in pictures}
    return {contents.name(record.image): by_content[original(record)] for record in contents}


def read_yolo(out: Path, contents: Contents) -> Points:
    """Read as Ultralytics documents it, strictly."""
    import yaml

    settings = yaml.safe_load((out / "data.yaml").read_text(encoding="utf-8"))
    count, dimensions = settings["kpt_shape"]
    assert dimensions == 3
    assert sorted(settings["flip_idx"]) == list(range(count))
    assert list(settings["names"]) == list(range(len(contents.labels)))
    assert tuple(settings["names"].values()) == contents.labels
    assert all(tuple(names) == contents.names for names in settings["kpt_names"].values())
    found = {}
    copies = copies_of(out / "images", contents)
    for record in contents:
        name = contents.name(record.image)
        labels = "/labels/".join(str(copies[name]).rsplit("/images/", 1)).rpartition(".")[0]
        lines = Path(f"{labels}.txt").read_text(encoding="utf-8").splitlines()
        cells = np.array([line.split() for line in lines], dtype=float).reshape(-1, 5 + 3 * count)
        assert len(cells) == int((contents.places(record) >= 0).any())
        assert ((cells[:, 1:5] >= 0) & (cells[:, 1:5] <= 1)).all()
        points = cells[:, 5:].reshape(-1, 3)
        size = [record.image.width, record.image.height]
        found[name] = points[points[:, 2] > 0, :2] * size - 0.5
    assert len(list((out / "labels").rglob("*.txt"))) == len(found)
    return found


def read_deeplabcut(out: Path, contents: Contents) -> Points:
    copies = copies_of(out / "labeled-data", contents)
    names = {str(copy): name for name, copy in copies.items()}
    found = {name: np.empty((0, 2)) for name in copies}
    tables = [path.parent.name.casefold() for path in out.rglob("machinelabels-iter0.csv")]
    assert len(set(tables)) == len(tables)
    frames = [pd.read_hdf(path) for path in sorted(out.rglob("machinelabels-iter0.h5"))]
    texts = [
        pd.read_csv(path, header=[0, 1, 2], index_col=[0, 1, 2])
        for path in sorted(out.rglob("machinelabels-iter0.csv"))
    ]
    for frame, text in zip(frames, texts, strict=True):
        assert isinstance(frame, pd.DataFrame)
        assert frame.columns.names == ["scorer", "bodyparts", "coords"]
        np.testing.assert_array_equal(frame.to_numpy(), text.to_numpy())
        assert list(frame.index) == list(text.index)
        for (home, folder, file), row in frame.iterrows():
            points = row.to_numpy().reshape(-1, 3)
            found[names[str(out / home / folder / file)]] = points[~np.isnan(points[:, 0]), :2]
    return found


def stored_images(path: Path) -> list[bytes]:
    return [one["bytes"] for one in pd.read_parquet(path)["image"]]


def read_hf(out: Path, contents: Contents) -> Points:
    import datasets

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # files that it leaves open
        rows = datasets.load_dataset(
            str(out),
            split="train",
            cache_dir=str(out.parent / "cache"),
            streaming=contents.n_images == 0,  # what has no row at all is read in no other way
        )
    originals = {contents.name(record.image): original(record) for record in contents}
    stored = [one for path in sorted(out.rglob("*.parquet")) for one in stored_images(path)]
    found = {}
    for row, image in zip(rows, stored, strict=True):
        assert row["image"].size == (row["width"], row["height"])
        assert image == originals[row["name"]]
        xy = [(one["x"], one["y"]) for one in row["keypoints"]]
        found[row["name"]] = np.array(xy, dtype=float).reshape(-1, 2)
    return found


def by_name(images: Any, keypoints: Any, contents: Contents) -> Points:
    names = {record.image.path: contents.name(record.image) for record in contents}
    found: dict[str, list[tuple[float, float]]] = {names[path]: [] for path in images}
    for path, x, y in keypoints:
        found[names[path]].append((x, y))
    return {name: np.array(xy, dtype=float).reshape(-1, 2) for name, xy in found.items()}


def duckdb_rows(table: str) -> list[Any]:
    duckdb: Any = import_module("duckdb")
    rows: list[Any] = duckdb.sql(f"select path, x, y from {table}").fetchall()
    return rows


def read_csv(out: Path, contents: Contents) -> Points:
    import polars as pl

    images = pd.read_csv(out / "images.csv")["path"]
    frame = pd.read_csv(out / "keypoints.csv")
    rows = pl.read_csv(out / "keypoints.csv").select("path", "x", "y").rows()
    assert list(frame["path"]) == [path for path, _, _ in rows]
    if rows:  # without a row there is nothing to tell a column's kind by
        np.testing.assert_allclose(frame[["x", "y"]], [row[1:] for row in rows], rtol=1e-14)
        assert duckdb_rows(f"read_csv('{out}/keypoints.csv')") == rows
    return by_name(images, rows, contents)


def read_parquet(out: Path, contents: Contents) -> Points:
    import polars as pl

    rows = pl.read_parquet(out / "keypoints.parquet").select("path", "x", "y").rows()
    frame = pd.read_parquet(out / "keypoints.parquet")
    assert list(frame[["path", "x", "y"]].itertuples(index=False, name=None)) == rows
    assert duckdb_rows(f"read_parquet('{out}/keypoints.parquet')") == rows
    return by_name(pd.read_parquet(out / "images.parquet")["path"], rows, contents)


def read_json(out: Path, contents: Contents) -> Points:
    images = json.loads(out.read_text(encoding="utf-8"))
    rows = [(one["path"], p["x"], p["y"]) for one in images for p in one["keypoints"]]
    assert len(pd.read_json(out)) == len(images)
    return by_name([one["path"] for one in images], rows, contents)


def read_features(out: Path, contents: Contents) -> Points:
    found = {}
    with h5py.File(out) as file:

        def visit(name: str, item: Any) -> None:
            if name.endswith("/keypoints"):
                found[name.removesuffix("/keypoints")] = item[:]

        file.visititems(visit)
    return found


def read_colmap(out: Path, contents: Contents) -> Points:
    import pycolmap

    with pycolmap.Database.open(out) as database:
        return {
            image.name: database.read_keypoints(image.image_id)[:, :2].astype(float) - 0.5
            for image in database.read_all_images()
        }


READERS: dict[str, Reader] = {
    "coco": read_coco,
    "coco-results": read_coco_results,
    "cvat": read_cvat,
    "cvat-skeleton": read_cvat_skeleton,
    "label-studio": read_label_studio,
    "fiftyone": read_fiftyone,
    "yolo": read_yolo,
    "deeplabcut": read_deeplabcut,
    "hf": read_hf,
    "csv": read_csv,
    "parquet": read_parquet,
    "json": read_json,
    "h5": read_features,
    "colmap": read_colmap,
}


def expected(contents: Contents, format_: str) -> Points:
    points = {}
    for record in contents:
        xy = record.xy
        if format_ in FIXED and contents.ordered:
            xy = contents.placed(record)[0]
            xy = xy[~np.isnan(xy[:, 0])]
        points[contents.name(record.image)] = xy
    return points


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(EXPORTERS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format_", READERS)
def test_what_was_exported_is_read_back(
    format_: str, kind: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    run = made(kind)
    contents = open_contents(run.folder, review=run.review)
    done = export_run(run.folder, format_, tmp_path / "out", review=run.review)
    wanted = expected(contents, format_)
    found = READERS[format_](done.path, contents)
    assert set(found) == set(wanted)
    for name, xy in wanted.items():
        np.testing.assert_allclose(found[name], xy, atol=1e-3, rtol=0, err_msg=name)
    assert done.n_images == len(wanted)
    assert done.n_points == sum(map(len, wanted.values()))
    assert done.n_points + done.n_left_out == sum(len(record) for record in contents)
    assert list(tmp_path.glob(".*")) == []

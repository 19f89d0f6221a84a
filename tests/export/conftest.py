"""Runs made for exporting: their photographs, tables and reviews, without a detection."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawn import drawn_info

from gnomon.images import decode
from gnomon.runs import RunInfo
from gnomon.runs.review import FILE_NAME
from gnomon.runs.review_event import Event
from gnomon.tables import IMAGES, KEYPOINTS, image_id, recorded

INFO = drawn_info((24, 32), start="2026-01-01T00:00:00+00:00")
PART_NAMES = ("beak", "left wing", "right wing")


@dataclass(frozen=True, slots=True)
class Shot:
    """A photograph to make: its name, size as displayed, EXIF orientation, number of points."""

    name: str
    size: tuple[int, int] = (64, 48)
    points: int = 3
    orientation: int = 1
    label: str = "bird"
    parts: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A run that was made, and the review of it if it has one."""

    folder: Path
    review: Path | None = None


def write_photograph(path: Path, shot: Shot) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = shot.size[::-1] if shot.orientation >= 5 else shot.size
    own = sha256(os.fsencode(shot.name)).digest()
    picture = PIL.Image.new("RGB", stored, (own[0], own[1], own[2]))
    exif = picture.getexif()
    exif[0x0112] = shot.orientation
    picture.save(path, exif=exif)


def make_run(folder: Path, shots: list[Shot], *, photographs: bool = True, part: int = 2) -> Path:
    """Write a run as `detect` leaves it, ``part`` images a part of the tables."""
    home = folder.parent / "photographs"
    rng = np.random.default_rng(7)
    for name in ("images", "keypoints"):
        (folder / name).mkdir(parents=True)
    for number in range(0, len(shots), part):
        images, keypoints = [], []
        for shot in shots[number : number + part]:
            path = home / shot.name
            if photographs:
                write_photograph(path, shot)
            images.append(_image_row(str(path), shot, photographs))
            keypoints.append(_keypoint_rows(str(path), shot, rng))
        name = f"part-{number // part:06d}.parquet"
        pq.write_table(pa.concat_tables(keypoints), folder / "keypoints" / name)
        pq.write_table(pa.Table.from_pylist(images, schema=IMAGES), folder / "images" / name)
    (folder / "failures.jsonl").write_bytes(b"")
    n_keypoints = sum(shot.points for shot in shots)
    replace(INFO, n_images=len(shots), n_keypoints=n_keypoints).write(folder)
    return folder


def _image_row(path: str, shot: Shot, photographed: bool) -> dict[str, Any]:
    return {
        "image_id": image_id(path),
        "path": recorded(path),
        "content_hash": decode(path).content_hash if photographed else "0" * 64,
        "width": shot.size[0],
        "height": shot.size[1],
        "label": shot.label,
        "label_index": 0,
        "probability": 0.75,
        "n_candidates": shot.points * 2,
        "n_keypoints": shot.points,
        "fine_method": "guided",
        "seconds": 0.5,
    }


def _keypoint_rows(path: str, shot: Shot, rng: np.random.Generator) -> pa.Table:
    n = shot.points
    xy = rng.uniform(-0.5, np.array(shot.size) - 0.5, (n, 2))
    covariance = rng.uniform(0.01, 0.5, n)
    covariance[::2] = np.nan
    score = -np.sort(rng.uniform(0.01, 2.0, n))
    columns = {
        "image_id": [image_id(path)] * n,
        "rank": np.arange(1, n + 1),
        "x": xy[:, 0],
        "y": xy[:, 1],
        "score": score,
        "confidence": np.linspace(0.95, 0.15, n),
        "coarse": rng.uniform(size=n),
        "fine": rng.uniform(size=n),
        "cov_xx": covariance,
        "cov_xy": covariance / 3,
        "cov_yy": covariance,
        "refined": ~np.isnan(covariance),
        "kind": np.where(np.isnan(covariance), "map", "corner"),
        "proved": np.arange(n) % 2 == 0,
        "part": np.full(n, -1) if shot.parts is None else np.array(shot.parts),
    }
    return pa.table(columns, schema=KEYPOINTS)


def write_review(run: Path, events: list[Event]) -> Path:
    path = run / FILE_NAME
    path.write_bytes(b"".join(event.line() for event in events))
    return path


PLAIN = [
    Shot("birds/a.jpg"),
    Shot("birds/b.png", points=5),
    Shot("cars/a.jpg", size=(31, 77), points=1, label="car"),
]
PARTS = [
    Shot("birds/a.jpg", parts=(2, 0, 1)),
    Shot("birds/b.png", points=5, parts=(1, -1, 2, 1, 0)),
    Shot("cars/a.jpg", size=(31, 77), points=2, label="car", parts=(0, 2)),
]
UNICODE = [
    Shot("a b/größe & <1>.jpg", label="Käfer, rot"),
    Shot("c's/größe & <1>.jpg", label='鳥 "bird"'),
    Shot("a b/größe & <1>.png", points=2, label="Käfer, rot"),
]
ROTATED = [Shot(f"turned-{n}.jpg", size=(48, 64), orientation=n) for n in range(1, 9)]
BARE = [Shot("none.jpg", points=0), Shot("one.jpg", points=1), Shot("nothing.jpg", points=0)]
BYTES = [
    Shot("ph\udcfctos/caf\udce9.jpg"),
    Shot("ph\udcfctos/caf\\xe9.jpg", points=2),
    Shot("ph\udcfctos/caf\\x5cxe9.jpg", points=1),
    Shot("\udcce\udcf4/\udcce\udcf4.png", size=(31, 77), points=4, label="car"),
    Shot("größe/na\udcefve größe.jpg", points=5),
]
FOLDERS = [
    Shot("setA/images/x.jpg"),
    Shot("setA/images/X.jpg", points=2),
    Shot("setA/images/x.png", points=1),
    Shot("setA/x.jpg", points=4),
    Shot("setB/images/x.jpg", points=5, label="car"),
    Shot("setB/images/images/x.jpg", points=6),
    Shot("SetB/images/x.jpg", points=7),
    Shot("setA--images/x.jpg", points=8),
    Shot("setA/images/x-2.jpg", points=9),
    Shot("labels/\u00e9.jpg", points=2),
    Shot("labels/e\u0301.jpg", points=3),
]
LARGE = [Shot(f"folder {n % 7}/{n}.jpg", points=40 + n % 9) for n in range(70)]

SHOTS = {
    "free": PLAIN,
    "parts": PARTS,
    "landmarks": PLAIN,
    "empty": [],
    "bare": BARE,
    "unicode": UNICODE,
    "rotated": ROTATED,
    "bytes": BYTES,
    "folders": FOLDERS,
    "large": LARGE,
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Made]:
    """Make a run of a kind once, whatever the number of formats that export it."""
    runs: dict[str, Made] = {}

    def make(kind: str) -> Made:
        if kind not in runs:
            folder = make_run(tmp_path_factory.mktemp(kind) / "run", SHOTS[kind])
            if kind == "parts":
                replace(RunInfo.read(folder), part_names=PART_NAMES).write(folder)
            review = _landmarks(folder) if kind == "landmarks" else None
            runs[kind] = Made(folder, review)
        return runs[kind]

    return make


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Make a run of so many images, 30 points each."""
    runs: dict[int, Path] = {}

    def make(count: int) -> Path:
        if count not in runs:
            shots = [Shot(f"{n % 50}/{n}.jpg", points=30) for n in range(count)]
            folder = tmp_path_factory.mktemp(str(count)) / "run"
            runs[count] = make_run(folder, shots, part=64)
        return runs[count]

    return make


def _landmarks(run: Path) -> Path:
    first, second, third = pq.read_table(run / "images")["image_id"].to_pylist()
    return write_review(
        run,
        [
            Event(kind="accepted", image_id=first, points=(1, 2)),
            Event(kind="named", image_id=first, points=(1,), name="tail & tip"),
            Event(kind="moved", image_id=first, points=(2,), x=10.25, y=11.5),
            Event(kind="named", image_id=first, points=(2,), name="eye"),
            Event(kind="rejected", image_id=first, points=(3,)),
            Event(kind="added", image_id=second, points=(6,), x=3.125, y=4.5),
            Event(kind="named", image_id=second, points=(6,), name="eye"),
            Event(kind="accepted", image_id=second, points=(4, 5)),
            Event(kind="named", image_id=second, points=(5,), name="tail & tip"),
            Event(kind="accepted", image_id=third, points=(1,)),
        ],
    )

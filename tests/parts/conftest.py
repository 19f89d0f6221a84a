"""Drawn objects whose parts are known: colored marks at fixed places, moved, scaled, mirrored."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from drawn import drawn_info
from torch import nn

from gnomon.classifier import Classifier, Preprocessing
from gnomon.images import decode
from gnomon.runs import Run, read_run
from gnomon.tables import IMAGES, KEYPOINTS, image_id
from gnomon.types import Floats

Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
MARKS: dict[str, dict[str, tuple[int, int]]] = {
    "bird": {"red": (-40, -25), "lime": (35, -10), "blue": (0, 30), "yellow": (45, 35)},
    "car": {"cyan": (-45, 0), "magenta": (0, -30), "orange": (40, 10), "black": (10, 35)},
}
MARKS["wheels"] = {**MARKS["bird"], "red2": (40, -45), "lime2": (-45, 30)}
SIZE = 224


class Network(nn.Module):
    """Two blocks of random convolutions that tell colors apart, and a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one = nn.Sequential(nn.Conv2d(3, 24, 5, stride=2, padding=2), nn.ReLU())
        self.two = nn.Sequential(nn.Conv2d(24, 48, 3, stride=2, padding=1), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(48, 3)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.pool(self.two(self.one(pixels))).flatten(1))
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A run of drawings and, for each image id, what each of its keypoints shows."""

    run: Run
    truth: dict[str, list[str]]

    def points(self, key: str) -> Floats:
        """Give an image's keypoints (N,2), best first."""
        rows = [row for row in self.run.keypoints.to_pylist() if row["image_id"] == key]
        return np.array([(row["x"], row["y"]) for row in sorted(rows, key=lambda row: row["rank"])])


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier(Network().eval(), Preprocessing(size=(64, 64)), ("bird", "car", "other"))


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory, classifier: Classifier) -> "Make":
    def make(kinds: dict[str, str], count: int = 24) -> Drawn:
        marks = {label: MARKS[kind] for label, kind in kinds.items()}
        return write_run(tmp_path_factory.mktemp("run"), classifier, marks, count)

    return make


Make = Callable[..., Drawn]


def write_run(
    folder: Path, classifier: Classifier, kinds: dict[str, dict[str, tuple[int, int]]], count: int
) -> Drawn:
    random = np.random.default_rng(0)
    images, points, truth = [], [], {}
    for label, marks in kinds.items():
        for number in range(count):
            path = folder / f"{label}-{number}.png"
            xy, names = draw(path, marks, random)
            key = image_id(str(path))
            truth[key] = names
            images.append(image_row(key, path, label, len(xy)))
            points += [point_row(key, rank, at) for rank, at in enumerate(xy, 1)]
    for name, rows, schema in (("images", images, IMAGES), ("keypoints", points, KEYPOINTS)):
        (folder / name).mkdir()
        pq.write_table(
            pa.Table.from_pylist(rows, schema=schema), folder / name / "part-000000.parquet"
        )
    drawn_info(
        classifier=classifier.name,
        weights_sha256=classifier.weights_sha256,
        preprocessing=classifier.preprocessing,
    ).write(folder)
    return Drawn(read_run(folder), truth)


def draw(
    path: Path, marks: dict[str, tuple[int, int]], random: np.random.Generator
) -> tuple[Floats, list[str]]:
    """Draw the marks moved, scaled and, every other time, mirrored; keypoints lie on them."""
    scale, middle = random.uniform(0.8, 1.2), random.uniform(95, 130, size=2)
    side = random.choice([-1, 1])
    picture = PIL.Image.new("RGB", (SIZE, SIZE), (128, 128, 128))
    pen = PIL.ImageDraw.Draw(picture)
    xy = []
    for color, (x, y) in marks.items():
        at = middle + scale * np.array([side * x, y])
        radius = 9 * scale
        pen.ellipse((*(at - radius), *(at + radius)), fill=color.rstrip("2"))
        xy.append(at + random.normal(0, 1, size=2))
    picture.save(path)
    order = random.permutation(len(xy))
    return np.array(xy)[order], [list(marks)[one].rstrip("2") for one in order]


def image_row(key: str, path: Path, label: str, count: int) -> dict[str, object]:
    return {
        "image_id": key,
        "path": str(path),
        "content_hash": decode(path).content_hash,
        "width": SIZE,
        "height": SIZE,
        "label": label,
        "label_index": 0,
        "probability": 1.0,
        "n_candidates": count,
        "n_keypoints": count,
        "fine_method": "guided",
        "seconds": 1.0,
    }


def point_row(key: str, rank: int, at: Floats) -> dict[str, object]:
    nothing = dict.fromkeys(("cov_xx", "cov_xy", "cov_yy"), float("nan"))
    return {
        "image_id": key, "rank": rank, "x": at[0], "y": at[1], "score": -float(rank),
        "coarse": 1.0 / rank, "fine": 0.1, "refined": False, "part": -1, **nothing,
        "confidence": 0.5, "kind": "map", "proved": True,
    }  # fmt: skip

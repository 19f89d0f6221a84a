"""Drawn photographs whose truth is known: the look of one badge at a known place is the class.

A colored body lies before a mottled ground, among bare badges and patches of clutter and of pure
noise, and carries one white badge. What is drawn on that badge decides the class; body, colors and
clutter say nothing about it. The bare badge, "plain", is the class of no evidence: a classifier
that no longer sees a sign must say "plain", so that hiding the sign of any other class takes its
probability away. Clutter makes sure that neither noise nor a white disc is evidence.
"""

import csv
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from gnomon.datasets.files import csv_rows, image_inside, number, require, require_images, unique
from gnomon.datasets.left_out import unlisted, warn_left_out
from gnomon.datasets.sample import Dataset, Sample, Samples, Split
from gnomon.disk import Folder
from gnomon.errors import DatasetError
from gnomon.types import Floats, Landmarks

LOOKS = ("plain", "cross", "ring", "bar")
_HEADER = ["image", "label", "x", "y", "radius", "split"]


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """One drawn image and its truth.

    ``pixels`` (S,S,3) uint8 RGB; ``label`` one of ``LOOKS``; ``xy`` (2,) the badge's center and
    ``radius`` its size, in pixels.
    """

    pixels: NDArray[np.uint8]
    label: str
    xy: Floats
    radius: float


def draw(index: int, seed: int = 0, size: int = 64) -> Drawing:
    """Draw image ``index`` of the endless series that ``seed`` names; classes take turns."""
    random = np.random.default_rng([seed, index])
    label = LOOKS[index % len(LOOKS)]
    y, x = np.mgrid[:size, :size].astype(np.float64)
    canvas = _mottled(random, size)
    for _ in range(6):
        _clutter(random, canvas)
    radius = size / 8
    for decoy in random.uniform(radius, size - radius, (2, 2)):
        _disc(canvas, np.hypot(x - decoy[0], y - decoy[1]), radius)

    axes = size * random.uniform(0.25, 0.4, 2)
    body = random.uniform(0.35, 0.65, 2) * size
    away = _in_disc(random) * (axes - 1.5 * radius)
    center = body + np.clip(away, 1.5 * radius - body, size - 1 - 1.5 * radius - body)
    inside = np.hypot((x - body[0]) / axes[0], (y - body[1]) / axes[1])
    _paint(canvas, _soft((1 - inside) * axes.min()), random.uniform(0, 0.7, 3))

    right, down = x - center[0], y - center[1]
    distance = np.hypot(right, down)
    _disc(canvas, distance, radius)
    sign = _sign(label, right, down, distance, radius)
    _paint(canvas, sign, np.array([0.1, 0.1, 0.25]))

    canvas += random.normal(0, 0.02, canvas.shape)
    pixels = (np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Drawing(pixels, label, center, radius)


def write_synthetic(folder: Path, count: int, seed: int = 0, size: int = 64) -> None:
    """Draw ``count`` images into ``folder``, the last quarter of them as the test split."""
    home, text = Folder(folder), StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEADER)
    for index in range(count):
        drawing = draw(index, seed, size)
        name = f"{index:05d}.png"
        picture = BytesIO()
        PILImage.fromarray(drawing.pixels).save(picture, "PNG")
        home.write(f"images/{name}", picture.getvalue())
        split = "train" if index < count - count // 4 else "test"
        x, y = (float(value) for value in drawing.xy)
        table.writerow([name, drawing.label, x, y, drawing.radius, split])
    home.write("truth.csv", text.getvalue().encode())


def read_synthetic(folder: Path) -> Dataset:
    """Read what ``write_synthetic`` wrote.

    The one landmark is the badge's center, hidden where the badge is plain; the box encloses the
    badge, and its side, the badge's diameter, is the scale.
    """
    require(folder, "synthetic", "images", "truth.csv")
    path = folder / "truth.csv"
    header, *table = csv_rows(path) or [[]]
    if header != _HEADER or any(len(row) != len(_HEADER) for row in table):
        raise DatasetError(f"{path}: expected the columns {', '.join(_HEADER)}, found {header}")
    samples = [_sample(folder, row, path) for row in table]
    images = [sample.image for sample in samples]
    unique((str(image.name) for image in images), "image", path)
    require_images("synthetic", images)
    left = unlisted(folder / "images", images)
    warn_left_out(f"images that {path} does not list, left out", left)
    return Samples(len(samples), samples.__getitem__)


def _sample(folder: Path, row: list[str], path: Path) -> Sample:
    name, label, *cells, split_name = row
    x, y, radius = (number(cell, path) for cell in cells)
    if radius <= 0:
        raise DatasetError(f"{path}: a badge's radius is above 0, found {radius}")
    if split_name not in ("train", "test"):
        raise DatasetError(f"{path}: a split is train or test, found {split_name!r}")
    split: Split = "train" if split_name == "train" else "test"
    return Sample(
        image_inside(folder / "images", name, path),
        label=label,
        landmarks=Landmarks(
            xy=np.array([[x, y]]),
            ids=np.array([1]),
            names=("badge",),
            visible=np.array([label != "plain"]),
            scale=2 * radius,
        ),
        boxes=np.array([[x - radius, y - radius, 2 * radius, 2 * radius]]),
        split=split,
    )


def _sign(label: str, right: Floats, down: Floats, distance: Floats, radius: float) -> Floats:
    arm = 0.6 * radius
    half = 0.16 * radius
    upright = _soft(np.minimum(half - abs(right), arm - abs(down)))
    level = _soft(np.minimum(half - abs(down), arm - abs(right)))
    signs: dict[str, Floats] = {
        "plain": np.zeros_like(distance),
        "cross": np.maximum(upright, level),
        "ring": _soft(half - abs(distance - 0.45 * radius)),
        "bar": level,
    }
    return signs[label]


def _soft(depth: Floats) -> Floats:
    """Cover a pixel by how deep its center lies inside an edge: the edge is one pixel wide."""
    cover: Floats = np.clip(depth + 0.5, 0, 1)
    return cover


def _paint(canvas: Floats, cover: Floats, color: Floats) -> None:
    canvas += cover[..., None] * (color - canvas)


def _disc(canvas: Floats, distance: Floats, radius: float) -> None:
    _paint(canvas, _soft(radius - distance), np.full(3, 0.95))


def _in_disc(random: np.random.Generator) -> Floats:
    angle, reach = random.uniform(0, 2 * np.pi), np.sqrt(random.uniform())
    place: Floats = reach * np.array([np.cos(angle), np.sin(angle)])
    return place


def _mottled(random: np.random.Generator, size: int) -> Floats:
    coarse = (random.uniform(0.1, 0.9, (6, 6, 3)) * 255).astype(np.uint8)
    smooth = PILImage.fromarray(coarse).resize((size, size), PILImage.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float64) / 255


def _clutter(random: np.random.Generator, canvas: Floats) -> None:
    size = len(canvas)
    side = int(random.integers(size // 12, size // 5))
    left, top = random.integers(0, size - side, 2)
    patch = canvas[top : top + side, left : left + side]
    noisy = random.uniform() < 0.5
    patch[:] = random.uniform(0, 1, patch.shape if noisy else 3)

"""One image of the report: pictures, keypoints and annotations, as the page's templates take it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gnomon.figures import ellipses_95
from gnomon.path_text import last_step
from gnomon.report.evidence import Maps, figure_of, picture_of
from gnomon.report.pictures import PlacedMap, data_uri, photograph, placed
from gnomon.runs import Run
from gnomon.runs.by_image import covariances
from gnomon.runs.photographs import Photographs
from gnomon.types import Floats, Landmarks

FIGURE_SIDE = 1100
DIGITS = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One image; ``points`` has the rows that the page's script reads, best first.

    A row is [rank, x, y, score, coarse, fine, long axis, short axis, degrees, part, kind, proved];
    what is unknown is ``None``, as ``proved`` is where no point was hidden by itself. ``maps`` are
    by title, ``landmarks`` hold [x, y, name]; ``figure`` stands in for missing maps, and
    ``absence`` says why there is no photograph.
    """

    image_id: str
    path: str
    label: str
    probability: float
    unsure: bool
    width: int
    height: int
    n_candidates: int
    seconds: float
    photograph: str | None
    absence: str | None
    maps: dict[str, PlacedMap]
    figure: str | None
    points: list[list[float | str | None]]
    landmarks: list[list[float | str]]

    @property
    def name(self) -> str:
        """The file's own name."""
        return last_step(self.path)


def make_entry(
    run: Run,
    row: dict[str, Any],
    keypoints: pa.Table,
    maps: Maps | None,
    landmarks: Landmarks | None,
    photographs: Photographs,
) -> Entry:
    """Gather one image of a run; a photograph that is not here leaves its place empty."""
    rgb = picture_of(row, photographs)
    figure = None
    if maps is None and (drawn := figure_of(run, row)) is not None:
        figure = data_uri(photograph(drawn, FIGURE_SIDE))
    return Entry(
        image_id=row["image_id"],
        path=row["path"],
        label=row["label"],
        probability=row["probability"],
        unsure=run.info.unsure(row["probability"]),
        width=row["width"],
        height=row["height"],
        n_candidates=row["n_candidates"],
        seconds=row["seconds"],
        absence=None if rgb is not None else photographs.absent[row["path"]].value[0],
        photograph=None if rgb is None else data_uri(photograph(rgb)),
        maps={} if maps is None else _placed(maps, keypoints, run.info.settings.patch),
        figure=figure,
        points=_told(keypoints, run.info.settings.hides_points),
        landmarks=[] if landmarks is None else _landmark_rows(landmarks),
    )


def point_rows(keypoints: pa.Table) -> list[list[float | None]]:
    """Make the page's rows of an image's keypoints."""
    covariance = covariances(keypoints)
    known = np.isfinite(covariance).all(axis=(1, 2))
    shapes: Floats = np.full((len(keypoints), 3), np.nan)
    if known.any():
        sides, angles = ellipses_95(covariance[known])
        shapes[known] = np.column_stack([sides, angles])
    names = ("rank", "x", "y", "score", "coarse", "fine")
    columns = [keypoints[name].to_numpy() for name in names]
    table = np.column_stack([*columns, shapes, keypoints["part"].to_numpy()])
    return [[_short(value) for value in row] for row in table.tolist()]


def _told(keypoints: pa.Table, hidden: bool) -> list[list[float | str | None]]:
    """Add kind and proof to the page's rows."""
    kinds = keypoints["kind"].to_pylist()
    proved = [int(one) if hidden else None for one in keypoints["proved"].to_pylist()]
    return [
        [*row, kind, proof]
        for row, kind, proof in zip(point_rows(keypoints), kinds, proved, strict=True)
    ]


def _short(value: float) -> float | None:
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() else short


def _landmark_rows(landmarks: Landmarks) -> list[list[float | str]]:
    return [
        [round(float(x), 1), round(float(y), 1), name]
        for (x, y), name, seen in zip(landmarks.xy, landmarks.names, landmarks.visible, strict=True)
        if seen
    ]


def _placed(maps: Maps, keypoints: pa.Table, patch: int) -> dict[str, PlacedMap]:
    titled = maps.titled(keypoints, patch)
    return {title: placed(values, maps.to_file) for title, values in titled.items()}

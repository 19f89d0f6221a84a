"""What of a run is exported, and a summary of it, made in one pass."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gnomon.errors import SettingError
from gnomon.export.naming import common_root, file_below, name_below
from gnomon.export.skeleton import Distances
from gnomon.runs.info import RunInfo
from gnomon.runs.photographs import Absence, Photographs
from gnomon.runs.records import Photograph, Record, stream
from gnomon.runs.review import Review
from gnomon.tables import ANY
from gnomon.types import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which points of the run at ``run``, a path or URL, are meant.

    Those of at least ``min_score``, of them the best ``top`` of each image; where ``proved``, only
    those that hiding was seen to cost the class something; with a ``review``, those that a person
    accepted, moved or added, which need no score and no proof. Of all images, or of the first
    ``limit``.
    """

    run: str | Path
    min_score: float | None = None
    top: int | None = None
    proved: bool = False
    review: Review | None = None
    part_names: tuple[str, ...] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 1:
            raise SettingError(f"top is {self.top}; it is how many points an image keeps, from 1")

    def records(self) -> Iterator[Record]:
        """Read the run's images, each with the points that are meant, in the run's order."""
        for record in islice(stream(self.run, len(self.part_names)), self.limit):
            yield Record(record.image, self._chosen(record.image.image_id, record.points))

    def _chosen(self, image_id: str, points: pa.Table) -> pa.Table:
        if self.review is not None:
            points = self.review.apply(image_id, points)
            points = points.filter(pc.equal(points["verdict"], "accepted"))
        if self.min_score is not None:
            good = pc.greater_equal(points["score"], self.min_score)
            points = points.filter(pc.or_(good, pc.is_nan(points["score"])))
        if self.proved and self.review is None:
            points = points.filter(points["proved"])
        return points if self.top is None else points.slice(0, self.top)


@dataclass(frozen=True, slots=True)
class Absent:
    """A photograph that is not here: the number of its points, and of those unplaced."""

    path: str
    why: Absence
    n_points: int
    n_unplaced: int


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What is exported, again and again iterable, and what must be known before it is written.

    ``names`` are the points that an object has, in order: parts and what a person named, or where
    there are none (``ordered`` false) "1", "2", ... by rank. ``edges`` are pairs of them, from 0.
    ``unplaced`` counts the points that have no place among the names. ``root`` is the deepest
    folder that holds all images. ``photographs`` finds them, for formats that hold them; those that
    are not here become ``absent``.
    """

    choice: Choice
    info: RunInfo
    ordered: bool
    names: tuple[str, ...]
    labels: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    root: str
    n_images: int
    n_points: int
    unplaced: int
    photographs: Photographs
    absent: list[Absent] = field(default_factory=list)

    @classmethod
    def of(
        cls, choice: Choice, info: RunInfo, photographs: Photographs | None = None
    ) -> "Contents":
        """Read through the run once."""
        names = ordered_names(choice)
        labels: set[str] = set()
        distances = Distances(len(names))
        n_images = n_points = unplaced = most = 0
        for record in choice.records():
            labels.add(record.image.label)
            n_images += 1
            n_points += len(record)
            most = max(most, int(record.column("rank").max(initial=0)))
            if names:
                places = _places(record, names)
                unplaced += int((places < 0).sum())
                distances.add(record.xy, places)
        return cls(
            choice=choice,
            info=info,
            ordered=bool(names),
            names=names or tuple(str(rank) for rank in range(1, most + 1)),
            labels=tuple(sorted(labels)),
            edges=distances.tree(),
            root=common_root(record.image.path for record in choice.records()),
            n_images=n_images,
            n_points=n_points,
            unplaced=unplaced,
            photographs=photographs or Photographs(),
        )

    def __iter__(self) -> Iterator[Record]:
        return self.choice.records()

    def name(self, image: Photograph) -> str:
        """Name an image as the export does: unique, and the same for the same run."""
        return name_below(self.root, image.path)

    def file_name(self, image: Photograph) -> str:
        """Name the copy of an image, in letters that every system has; see `FreeNames` too."""
        return file_below(self.root, image.path)

    def places(self, record: Record) -> Ints:
        """Find each point's place among ``names``, -1 for none; a place is taken once (N,)."""
        return _places(record, self.names) if self.ordered else record.column("rank") - 1

    def point_names(self, record: Record) -> list[str]:
        """Name each point: its part, what a person named it, or "keypoint"."""
        if not self.ordered:
            return [ANY] * len(record)
        return [self.names[one] if one >= 0 else ANY for one in _wanted(record, self.names)]

    def placed(self, record: Record) -> tuple[Floats, Floats, Floats]:
        """Lay the points out in the order of ``names``: xy (K,2), score and confidence (K,).

        NaN where the image has no such point.
        """
        places = self.places(record)
        kept = places >= 0
        columns = np.column_stack([record.xy, record.score, record.confidence])
        laid = np.full((len(self.names), 4), np.nan)
        laid[places[kept]] = columns[kept]
        return laid[:, :2], laid[:, 2], laid[:, 3]


def ordered_names(choice: Choice) -> tuple[str, ...]:
    """List the names of a run's parts, then those that a person gave besides, sorted."""
    given: set[str] = set()
    if choice.review is not None:
        for record in choice.records():
            given |= set(record.points["name"].drop_null().to_pylist())
    return (*choice.part_names, *sorted(given - set(choice.part_names)))


def _wanted(record: Record, names: tuple[str, ...]) -> Ints:
    """Find the place that each point asks for: a person's name comes before the part (N,)."""
    wanted: Ints = record.column("part").astype(np.int64)
    if "name" in record.points.column_names:
        place = {name: number for number, name in enumerate(names)}
        given = record.points["name"].to_pylist()
        wanted = np.array([place.get(g, w) for g, w in zip(given, wanted, strict=True)], dtype=int)
    return wanted


def _places(record: Record, names: tuple[str, ...]) -> Ints:
    """Assign each place to the first, so the best, point that asks for it (N,)."""
    wanted = _wanted(record, names)
    places = np.full_like(wanted, -1)
    _, first = np.unique(wanted, return_index=True)
    places[first] = wanted[first]
    return places

"""A run's tables as a stream: checked, a few images at a time, whatever the run's size."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gnomon.errors import RunError
from gnomon.runs.assigned import Assigned
from gnomon.runs.checks import check_images, check_points
from gnomon.runs.parquet import Rows, RunTable
from gnomon.runs.spans import files_together
from gnomon.runs.store import Store, open_store
from gnomon.showing import quoted, size
from gnomon.tables import IMAGES, KEYPOINTS
from gnomon.types import Floats

IMAGES_AT_A_TIME = 64


@dataclass(frozen=True, slots=True, repr=False)
class Photograph:
    """A row of the images table."""

    image_id: str
    path: str
    content_hash: str
    width: int
    height: int
    label: str
    label_index: int
    probability: float
    n_candidates: int
    n_keypoints: int
    fine_method: str
    seconds: float

    def __repr__(self) -> str:
        return f"<Photograph {self.summary}>"

    @property
    def summary(self) -> str:
        """What it is and what was found in it, in a few words."""
        of = f"{quoted(self.path)} {size(self.width, self.height)}"
        return f"{of}: {quoted(self.label)} {self.probability:.1%}, {self.n_keypoints} keypoints"


PHOTOGRAPH = [one.name for one in fields(Photograph)]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Record:
    """One image and its keypoints, best first: ``points`` are rows of the keypoints table."""

    image: Photograph
    points: pa.Table

    def __len__(self) -> int:
        return int(self.points.num_rows)

    def __repr__(self) -> str:
        return f"<Record {self.image.summary}>"

    def column(self, name: str) -> NDArray[Any]:
        """Return one column of the points (N,)."""
        values: NDArray[Any] = self.points[name].to_numpy()
        return values

    @property
    def xy(self) -> Floats:
        """Places (N,2) in file pixels, integers the pixels' centers."""
        return np.stack([self.column("x"), self.column("y")], axis=1)

    @property
    def score(self) -> Floats:
        """Scores (N,), NaN where a person added the point."""
        return self.column("score")

    @property
    def confidence(self) -> Floats:
        """Confidences (N,) in [0,1], 1 where a person added the point."""
        return self.column("confidence")


def stream(run: str | Path | Store, n_parts: int = 0) -> Iterator[Record]:
    """Read a run's images in its order, by path or URL, each with all of its keypoints.

    An image that stands in several files counts once, as `read_run` counts it. Parts are those that
    `gnomon parts` found, if it did; ``n_parts`` is how many the run named at detection. Raises
    ``RunError`` where a table cannot be read or holds what no `detect` writes.
    """
    store = open_store(run)
    with closing(Assigned(store)) as assigned:
        for images, points in batches(store, n_parts):
            start = 0
            for row in images.to_pylist():
                image = Photograph(**row)
                mine = points.slice(start, image.n_keypoints)
                start += image.n_keypoints
                yield Record(image, assigned.fill(image.image_id, mine))
        assigned.check_end()


def batches(store: Store, n_parts: int = 0) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Read some rows of the images table at a time, with the keypoints of these images.

    A file of the images table and that of the keypoints table of the same name hold the same
    images in the same order. Files that may hold the same images are read together, and an image
    counts where it comes first.
    """
    for names in files_together(store):
        seen: set[str] = set()
        for name in names:
            for images, points in _file(store, name, n_parts):
                ids = images["image_id"].to_pylist()
                if not seen.isdisjoint(ids):
                    images = images.filter(pa.array([one not in seen for one in ids]))
                    points = points.filter(pc.is_in(points["image_id"], images["image_id"]))
                seen.update(ids)
                yield images, points


def probabilities(place: str | Path | Store) -> Iterator[float]:
    """Read the probability of each image's class, without the keypoints."""
    store = open_store(place)
    for names in files_together(store):
        seen: set[str] = set()
        for name in names:
            for images in _open(store, f"images/{name}", IMAGES).batches():
                check_images(images, f"{store}/images/{name}")
                columns = (images[column].to_pylist() for column in ("image_id", "probability"))
                fresh = [
                    (one, value) for one, value in zip(*columns, strict=True) if one not in seen
                ]
                seen.update(one for one, _ in fresh)
                yield from (value for _, value in fresh)


def _file(store: Store, name: str, n_parts: int) -> Iterator[tuple[pa.Table, pa.Table]]:
    seen: set[str] = set()
    table = _open(store, f"images/{name}", IMAGES)
    rows = Rows(_open(store, f"keypoints/{name}", KEYPOINTS).batches(), KEYPOINTS)
    for images in table.batches(IMAGES_AT_A_TIME):
        check_images(images, table.name)
        ids = images["image_id"].to_pylist()
        points = rows.take(pc.sum(images["n_keypoints"]).as_py())
        check_points(images, points, n_parts, f"{store}/keypoints/{name}")
        before = len(seen)
        seen.update(ids)
        if len(seen) - before < len(ids):
            raise RunError(f"{table.name} cannot be used: it holds an image twice; detect again")
        yield images, points
    if rows.take(1).num_rows:
        raise RunError(
            f"{store}/keypoints/{name} cannot be used: it holds keypoints of no image that"
            f" images/{name} names; detect again"
        )


def _open(store: Store, name: str, schema: pa.Schema) -> RunTable:
    try:
        content = store.read(name)
    except OSError as error:
        raise RunError(f"{store}/{name} cannot be read: {error.strerror or error}") from error
    return RunTable(content, f"{store}/{name}", schema)

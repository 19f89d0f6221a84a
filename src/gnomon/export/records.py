"""A run as a stream of images with their keypoints, one at a time, whatever the run's size."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gnomon.errors import RunError
from gnomon.export.assigned import Assigned
from gnomon.export.rows import Rows
from gnomon.runs.spans import files_together
from gnomon.runs.store import open_store
from gnomon.runs.tables import KEYPOINTS
from gnomon.types import Floats


@dataclass(frozen=True, slots=True)
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
    seconds: float


PHOTOGRAPH = [one.name for one in fields(Photograph)]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One image and its keypoints, best first: ``points`` are rows of the keypoints table."""

    image: Photograph
    points: pa.Table

    def __len__(self) -> int:
        return int(self.points.num_rows)

    def column(self, name: str) -> NDArray[Any]:
        """Give one column of the points (N,)."""
        values: NDArray[Any] = self.points[name].to_numpy()
        return values

    @property
    def xy(self) -> Floats:
        """Places (N,2) in file pixels, integers the pixels' centres."""
        return np.stack([self.column("x"), self.column("y")], axis=1)

    @property
    def score(self) -> Floats:
        """Scores (N,): log-likelihoods, NaN where a person added the point."""
        return self.column("score")

    @property
    def confidence(self) -> Floats:
        """The scores as likelihoods (N,) in [0,1], as tools expect them; 1 where a person added."""
        likelihood: Floats = np.exp(np.minimum(np.nan_to_num(self.score, nan=0.0), 0.0))
        return likelihood


def stream(run: str | Path) -> Iterator[Record]:
    """Read a run's images in its order, by path or URL, each with all of its keypoints.

    A file of the images table and that of the keypoints table of the same name hold the same
    images in the same order; an image that stands in several counts once, as `read_run` counts it.
    ``RunError`` where one cannot be read or says something else.
    """
    store = open_store(run)
    assigned = Assigned(run)
    for names in files_together(store):
        seen: set[str] = set()
        for name in names:
            try:
                images, keypoints = (
                    pq.ParquetFile(pa.BufferReader(store.read(f"{table}/{name}")))
                    for table in ("images", "keypoints")
                )
                for record in _part(images, keypoints):
                    key = record.image.image_id
                    if key not in seen:
                        seen.add(key)
                        yield Record(record.image, assigned.fill(key, record.points))
            except (OSError, pa.ArrowException) as error:
                raise RunError(f"{name} of {store} cannot be read: {error}") from error
    assigned.close()


def _part(images: pq.ParquetFile, keypoints: pq.ParquetFile) -> Iterator[Record]:
    rows = Rows(keypoints, KEYPOINTS)
    for batch in images.iter_batches(batch_size=64, columns=PHOTOGRAPH):
        for row in batch.to_pylist():
            image = Photograph(**row)
            points = rows.take(image.n_keypoints)
            same = pc.all(pc.equal(points["image_id"], image.image_id), min_count=0).as_py()
            if points.num_rows < image.n_keypoints or not same:
                raise RunError(
                    f"the keypoints table does not hold the {image.n_keypoints} keypoints of"
                    f" {image.path} where its part of the images table does; detect again"
                )
            yield Record(image, points)

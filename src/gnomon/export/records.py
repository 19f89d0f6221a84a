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
from gnomon.runs.discovered import PartColumn, part_names
from gnomon.runs.reader import parts
from gnomon.types import Floats

ROWS = 8192


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


def stream(run: Path) -> Iterator[Record]:
    """Read a run's images in its order, each with all of its keypoints.

    A part of the images table and the part of the keypoints table of the same name hold the same
    images in the same order. ``RunError`` where a part cannot be read or says something else.
    """
    known = PartColumn(run) if part_names(run) else None
    for name in parts(run):
        try:
            for record in _part(run / "images" / name, run / "keypoints" / name):
                key = record.image.image_id
                yield (
                    record
                    if known is None
                    else Record(record.image, known.fill(key, record.points))
                )
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"part {name} of {run} cannot be read: {error}") from error


def _part(images: Path, keypoints: Path) -> Iterator[Record]:
    with pq.ParquetFile(images) as seen, pq.ParquetFile(keypoints) as found:
        rows = _Rows(found)
        for batch in seen.iter_batches(batch_size=64, columns=PHOTOGRAPH):
            for row in batch.to_pylist():
                image = Photograph(**row)
                points = rows.take(image.n_keypoints)
                if not pc.all(pc.equal(points["image_id"], image.image_id), min_count=0).as_py():
                    raise RunError(
                        f"{keypoints} does not hold the {image.n_keypoints} keypoints of"
                        f" {image.path} where {images} has them; run `gnomon detect` again"
                    )
                yield Record(image, points)


class _Rows:
    """The rows of a Parquet file, taken in order, so many at a time."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._batches = file.iter_batches(batch_size=ROWS)
        self._held: pa.Table = file.schema_arrow.empty_table()

    def take(self, count: int) -> pa.Table:
        """Give the next rows, fewer where the file ends."""
        while self._held.num_rows < count and (batch := next(self._batches, None)) is not None:
            self._held = pa.concat_tables([self._held, pa.Table.from_batches([batch])])
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        if taken.num_rows < count:
            raise RunError(
                f"a part of the keypoints table ends {count - taken.num_rows} rows early"
            )
        return taken.combine_chunks()

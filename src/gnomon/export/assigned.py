"""The parts that `gnomon parts` gave to keypoints, read beside them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.errors import RunError
from gnomon.export.rows import Rows
from gnomon.images.read import is_url, open_url
from gnomon.runs.discovered import ASSIGNED, FOLDER, TABLE, part_names, unreadable
from gnomon.runs.store import open_store


class Assigned:
    """The run's assignment of parts, in the run's order; of a run without, the table's own."""

    def __init__(self, run: str | Path) -> None:
        self._path = f"{open_store(run)}/{FOLDER}/{TABLE}"
        self._rows = Rows(self._open(), ASSIGNED) if part_names(run) else None

    def fill(self, image_id: str, points: pa.Table) -> pa.Table:
        """Fill the part column of an image's keypoints, -1 where a keypoint has none."""
        if self._rows is None:
            return points
        given = self._rows.take_of("image_id", image_id)
        part = np.full(points.num_rows, -1, dtype=np.int32)
        _, mine, theirs = np.intersect1d(
            points["rank"].to_numpy(), given["rank"].to_numpy(), return_indices=True
        )
        part[mine] = given["part"].to_numpy()[theirs]
        place = points.column_names.index("part")
        return points.set_column(place, points.schema.field("part"), pa.array(part))

    def _open(self) -> pq.ParquetFile:
        filesystem, path = open_url(self._path) if is_url(self._path) else (None, self._path)
        try:
            return pq.ParquetFile(path, filesystem=filesystem)
        except (OSError, pa.ArrowException) as error:
            raise unreadable(self._path, error) from error

    def close(self) -> None:
        """See that all was read: ``RunError`` where the order is not the run's."""
        if self._rows is not None and self._rows.take(1).num_rows:
            raise RunError(
                f"{self._path} is not in the order of the run's images; run `gnomon parts` again"
            )

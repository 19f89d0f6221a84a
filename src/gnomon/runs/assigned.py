"""The parts that `gnomon parts` gave to keypoints, read beside them, image by image."""

import numpy as np
import pyarrow as pa

from gnomon.errors import RunError
from gnomon.runs.discovered import ASSIGNED, open_assigned, part_names
from gnomon.runs.parquet import Rows
from gnomon.runs.store import Store


class Assigned:
    """The run's assignment of parts, in the run's order; of a run without, the table's own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._table = open_assigned(store) if part_names(store) else None
        self._rows = None if self._table is None else Rows(self._table.batches(), ASSIGNED)

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

    def close(self) -> None:
        """Close the table."""
        if self._table is not None:
            self._table.close()

    def check_end(self) -> None:
        """See that all was read: ``RunError`` where the order is not the run's."""
        if self._rows is not None and self._rows.take(1).num_rows:
            raise RunError(
                f"the parts of {self._store} are not in the order of the run's images;"
                " run `gnomon parts` again"
            )

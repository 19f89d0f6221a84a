"""A run's keypoints as a pandas data frame."""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from gnomon.extras import library
from gnomon.tables import ANY

if TYPE_CHECKING:
    import pandas

    from gnomon.runs.reader import Run


def keypoints_frame(run: "Run") -> "pandas.DataFrame":
    """Return a row for each keypoint of a run, with path, label and part_name."""
    library("pandas", "pandas", "a data frame")
    rows = pc.index_in(run.keypoints["image_id"], run.images["image_id"])
    table = run.keypoints
    for name in ("path", "label"):
        table = table.append_column(name, run.images[name].take(rows))
    return table.append_column("part_name", _names(run)).to_pandas()


def _names(run: "Run") -> pa.Array:
    """Name the part of each keypoint; null where the run knows no parts."""
    part = run.keypoints["part"]
    if not run.part_names:
        return pa.nulls(len(part), pa.string())
    named = pa.array(run.part_names, pa.string())
    known = pc.if_else(pc.greater_equal(part, 0), part, pa.scalar(None, pa.int32()))
    return named.take(known.combine_chunks()).fill_null(ANY)

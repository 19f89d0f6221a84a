"""The parts that `gnomon parts` found in a run, as its keypoints table shows them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gnomon.errors import RunError
from gnomon.runs.by_image import places, points_by_image
from gnomon.runs.store import Store, open_store
from gnomon.types import Floats

if TYPE_CHECKING:
    from gnomon.runs.reader import Run

FOLDER = "parts"
TABLE = "keypoints.parquet"
ASSIGNED = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
    ]
)
"""parts/keypoints.parquet: the keypoints that have a part, and how well each fits, 0 to 1."""
SEARCHED = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("x", pa.float64(), nullable=False),
        pa.field("y", pa.float64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
    ]
)
"""parts/searched.parquet: the best place of a part that was expected where no keypoint lies."""


def part_names(place: str | Path | Store) -> tuple[str, ...]:
    """Read the parts' names, by id; none where no parts were found in the run yet."""
    store = open_store(place)
    if TABLE not in store.names(FOLDER):
        return ()
    try:
        return tuple(map(str, json.loads(store.read(f"{FOLDER}/model.json"))["names"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(f"{store}/{FOLDER}/model.json", error) from error


def read_assigned(place: str | Path | Store) -> pa.Table:
    """Read parts/keypoints.parquet; ``RunError`` where it cannot be read."""
    return _read(open_store(place), TABLE, ASSIGNED)


def read_searched(place: str | Path | Store) -> pa.Table:
    """Read parts/searched.parquet; ``RunError`` where it cannot be read."""
    return _read(open_store(place), "searched.parquet", SEARCHED)


def with_parts(keypoints: pa.Table, place: str | Path | Store) -> pa.Table:
    """Fill the ``part`` column of a run's keypoints, -1 where a keypoint has none."""
    found = read_assigned(place).select(["image_id", "rank", "part"])
    column = keypoints.column_names.index("part")
    field = keypoints.schema.field("part")
    rows = pa.table({"row": pa.array(range(keypoints.num_rows), pa.int64())})
    keys = keypoints.select(["image_id", "rank"]).append_column("row", rows["row"])
    joined = keys.join(found, keys=["image_id", "rank"]).sort_by("row")
    return keypoints.set_column(column, field, joined["part"].fill_null(-1))


def points_and_parts(
    run: "Run", image_ids: Iterable[str]
) -> tuple[list[Floats], list[NDArray[np.int64]]]:
    """Give the keypoints (N,2), file pixels, and their parts (N,) of some images of a run."""
    points = points_by_image(run.keypoints)
    rows = [points[key] for key in image_ids]
    return [places(mine) for mine in rows], [
        mine["part"].to_numpy().astype(np.int64) for mine in rows
    ]


def part_places(run: "Run", image_ids: Sequence[str]) -> Floats:
    """Give where each image shows each part (I,K,2), file pixels.

    That is the part's best keypoint, or else the place where it was searched, or else NaN.
    """
    found = np.full((len(image_ids), len(run.part_names), 2), np.nan)
    searched = points_by_image(read_searched(run.folder))
    shown = points_by_image(run.keypoints)
    for row, key in enumerate(image_ids):
        for rows in (searched[key], shown[key].filter(pc.field("part") >= 0)):
            # The best comes first, so it is written last.
            found[row, rows["part"].to_numpy()[::-1]] = places(rows)[::-1]
    return found


def _read(store: Store, name: str, schema: pa.Schema) -> pa.Table:
    try:
        content = pa.BufferReader(store.read(f"{FOLDER}/{name}"))
        return pq.read_table(content, schema=schema)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(f"{store}/{FOLDER}/{name}", error) from error


def unreadable(path: str, error: Exception) -> RunError:
    """Say which file of the parts cannot be read, and what to do."""
    return RunError(f"{path} cannot be read: {error}; run `gnomon parts` again")

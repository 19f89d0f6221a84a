"""The parts that `gnomon parts` found in a run, as its keypoints table shows them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta
from numpy.typing import NDArray

from gnomon.errors import RunError
from gnomon.runs.account import Text
from gnomon.runs.by_image import places, points_by_image
from gnomon.runs.checks import FURTHEST, ID, MOST_PARTS
from gnomon.runs.parquet import RunTable
from gnomon.runs.store import Store, open_store
from gnomon.strict_json import read_as
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


@dataclass(frozen=True, slots=True)
class _Named:
    """What of parts/model.json is read here."""

    names: Annotated[tuple[Text, ...], Meta(max_length=MOST_PARTS)]


def part_names(place: str | Path | Store) -> tuple[str, ...]:
    """Read the parts' names, by id; none where no parts were found in the run yet."""
    store = open_store(place)
    if TABLE not in store.names(FOLDER):
        return ()
    try:
        return read_as(store.read(f"{FOLDER}/model.json"), _Named).names
    except (OSError, ValueError) as error:
        raise unreadable(f"{store}/{FOLDER}/model.json", error) from error


class PartRows:
    """A table of parts/, its rows checked as they are read."""

    def __init__(self, store: Store, name: str, schema: pa.Schema) -> None:
        self._n_parts = len(part_names(store))
        try:
            self._file = store.open(f"{FOLDER}/{name}")
        except (OSError, RunError) as error:
            raise unreadable(f"{store}/{FOLDER}/{name}", error) from error
        try:
            self._table = RunTable(self._file, f"{store}/{FOLDER}/{name}", schema)
        except RunError as error:
            self._file.close()
            raise unreadable(f"{store}/{FOLDER}/{name}", error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def batches(self) -> Iterator[pa.Table]:
        """Read some rows at a time; ``RunError`` where they hold what `gnomon parts` does not."""
        for rows in self._table.batches():
            part, score = rows["part"].to_numpy(), rows["score"].to_numpy()
            finite = [rows[name].to_numpy() for name in ("x", "y") if name in rows.column_names]
            sound = (
                pc.all(pc.match_substring_regex(rows["image_id"], ID), min_count=0).as_py()
                and ((part >= 0) & (part < self._n_parts)).all()
                and np.isfinite(score).all()
                and (np.abs(finite) <= FURTHEST).all()
            )
            if not sound:
                raise RunError(
                    f"{self._table.name} cannot be used: it holds what `gnomon parts` does not"
                    " write; run `gnomon parts` again"
                )
            yield rows

    def read(self, schema: pa.Schema) -> pa.Table:
        """Read all rows."""
        return pa.concat_tables([schema.empty_table(), *self.batches()]).combine_chunks()


def open_assigned(store: Store) -> PartRows:
    """Open parts/keypoints.parquet; ``RunError`` where it cannot be read."""
    return PartRows(store, TABLE, ASSIGNED)


def read_assigned(place: str | Path | Store) -> pa.Table:
    """Read parts/keypoints.parquet; ``RunError`` where it cannot be read."""
    with closing(open_assigned(open_store(place))) as rows:
        return rows.read(ASSIGNED)


def read_searched(place: str | Path | Store) -> pa.Table:
    """Read parts/searched.parquet; ``RunError`` where it cannot be read."""
    with closing(PartRows(open_store(place), "searched.parquet", SEARCHED)) as rows:
        return rows.read(SEARCHED)


def with_parts(keypoints: pa.Table, place: str | Path | Store) -> pa.Table:
    """Fill the ``part`` column of a run's keypoints, -1 where a keypoint has none."""
    found = read_assigned(place).select(["image_id", "rank", "part"])
    if found.group_by(["image_id", "rank"]).aggregate([]).num_rows < found.num_rows:
        raise RunError(f"the parts of {place} hold a keypoint twice; run `gnomon parts` again")
    column = keypoints.column_names.index("part")
    field = keypoints.schema.field("part")
    rows = pa.table({"row": pa.array(range(keypoints.num_rows), pa.int64())})
    keys = keypoints.select(["image_id", "rank"]).append_column("row", rows["row"])
    joined = keys.join(found, keys=["image_id", "rank"]).sort_by("row")
    return keypoints.set_column(column, field, joined["part"].fill_null(-1))


def points_and_parts(
    run: "Run", image_ids: Iterable[str]
) -> tuple[list[Floats], list[NDArray[np.int64]]]:
    """Return the keypoints (N,2), file pixels, and their parts (N,) of some images of a run."""
    points = points_by_image(run.keypoints)
    rows = [points[key] for key in image_ids]
    return [places(mine) for mine in rows], [
        mine["part"].to_numpy().astype(np.int64) for mine in rows
    ]


def part_places(run: "Run", image_ids: Sequence[str]) -> Floats:
    """Return where each image shows each part (I,K,2), file pixels.

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


def unreadable(path: str, error: Exception) -> RunError:
    """Return the error that names a file of the parts that cannot be read, and what to do."""
    reason = str(error).removeprefix(f"{path} cannot be read: ")
    return RunError(f"{path} cannot be read: {reason}; run `gnomon parts` again")

"""Read a run folder back."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.errors import RunError
from gnomon.runs.info import RunInfo
from gnomon.runs.parts import part_names, with_parts
from gnomon.runs.tables import IMAGES, KEYPOINTS


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that could not be processed, and why."""

    path: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder's content: ``images`` and ``keypoints`` are Arrow tables (see DESIGN).

    ``part_names`` names the ids of the keypoints' ``part`` column; empty where no parts are known.
    """

    folder: Path
    info: RunInfo
    images: pa.Table
    keypoints: pa.Table
    failures: tuple[Failure, ...]
    part_names: tuple[str, ...] = ()


def parts(folder: Path) -> list[str]:
    """Name the complete parts in the order in which they were written.

    A part of the images table is the last thing written, so it makes its part complete.
    """
    return sorted(path.name for path in (folder / "images").glob("part-*.parquet"))


def read_table(folder: Path, table: str, schema: pa.Schema) -> pa.Table:
    """Read all of one table; ``RunError`` names a file that cannot be read."""
    tables = [schema.empty_table()]
    for name in parts(folder):
        try:
            tables.append(pq.read_table(folder / table / name, schema=schema))
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"{folder / table / name} cannot be read: {error}") from error
    return pa.concat_tables(tables).combine_chunks()


def read_failures(folder: Path) -> list[Failure]:
    """Read failures.jsonl; a last line that a kill cut short is left out."""
    path = folder / "failures.jsonl"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [Failure(**json.loads(line)) for line in lines if line.endswith("\n")]


def read_run(folder: str | Path) -> Run:
    """Read a run that `gnomon detect` wrote; ``RunError`` where there is none."""
    folder = Path(folder)
    info = RunInfo.read(folder)
    keypoints = read_table(folder, "keypoints", KEYPOINTS)
    names = part_names(folder)
    return Run(
        folder=folder,
        info=info,
        images=read_table(folder, "images", IMAGES),
        keypoints=with_parts(keypoints, folder) if names else keypoints,
        failures=tuple(read_failures(folder)),
        part_names=names or info.part_names,
    )

"""Read a run folder back."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.errors import RunError
from gnomon.runs.discovered import part_names, with_parts
from gnomon.runs.info import RunInfo
from gnomon.runs.store import LocalStore, Store, open_store
from gnomon.runs.tables import IMAGES, KEYPOINTS


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that could not be processed, and why."""

    path: str
    error: str
    message: str

    def line(self) -> bytes:
        """Write it as a line of failures.jsonl."""
        return (json.dumps(asdict(self), ensure_ascii=True) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder's content: ``images`` and ``keypoints`` are Arrow tables (see DESIGN).

    ``folder`` is where it lies, or, for a run behind a URL, only what it is called. ``part_names``
    names the ids of the keypoints' ``part`` column; empty where no parts are known.
    """

    folder: Path
    info: RunInfo
    images: pa.Table
    keypoints: pa.Table
    failures: tuple[Failure, ...]
    part_names: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        from gnomon.runs.shown import shown

        return shown(self)


def file_names(place: str | Path | Store) -> list[str]:
    """Name the complete files of either table, in the order of the listing.

    A file of the images table is the last thing written, so it makes those of its name complete.
    """
    names = open_store(place).names("images")
    return sorted((name for name in names if name.endswith(".parquet")), key=_stem)


def _stem(name: str) -> str:
    return name.removesuffix(".parquet")


def read_table(place: str | Path | Store, table: str, schema: pa.Schema) -> pa.Table:
    """Read all of one table; ``RunError`` names a file that cannot be read."""
    store = open_store(place)
    tables = [schema.empty_table()]
    for name in file_names(store):
        try:
            content = pa.BufferReader(store.read(f"{table}/{name}"))
            tables.append(pq.read_table(content, schema=schema).replace_schema_metadata(None))
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"{store}/{table}/{name} cannot be read: {error}") from error
    return pa.concat_tables(tables).combine_chunks()


def read_failures(place: str | Path | Store) -> list[Failure]:
    """Read failures.jsonl; a last line that a kill cut short is left out."""
    try:
        content = open_store(place).read("failures.jsonl")
    except FileNotFoundError:
        return []
    lines = content.splitlines(keepends=True)
    return [Failure(**json.loads(line)) for line in lines if line.endswith(b"\n")]


def read_run(folder: str | Path) -> Run:
    """Read a run that `gnomon detect` wrote, by path or URL; ``RunError`` where there is none."""
    store = open_store(folder)
    home = store.root if isinstance(store, LocalStore) else Path(str(store))
    info = RunInfo.read(store)
    keypoints = read_table(store, "keypoints", KEYPOINTS)
    names = part_names(store)
    return Run(
        folder=home,
        info=info,
        images=read_table(store, "images", IMAGES),
        keypoints=with_parts(keypoints, store) if names else keypoints,
        failures=tuple(read_failures(store)),
        part_names=names or info.part_names,
    )

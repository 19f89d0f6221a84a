"""Read a run folder back."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gnomon.errors import RunError
from gnomon.masking import masked
from gnomon.runs.discovered import part_names, with_parts
from gnomon.runs.info import RunInfo
from gnomon.runs.spans import files_together
from gnomon.runs.store import LocalStore, Store, open_store
from gnomon.runs.tables import IMAGES, KEYPOINTS, image_id


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that could not be processed, and why; secrets in URLs are masked."""

    path: str
    error: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", masked(self.path))
        object.__setattr__(self, "message", masked(self.message))

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


def read_tables(store: Store) -> tuple[pa.Table, pa.Table]:
    """Read the images and the keypoints, each image once; see `gnomon.runs.spans`."""
    images, keypoints = [IMAGES.empty_table()], [KEYPOINTS.empty_table()]
    for names in files_together(store):
        seen: set[str] = set()
        for name in names:
            photographs = _read_table(store, f"images/{name}", IMAGES)
            points = _read_table(store, f"keypoints/{name}", KEYPOINTS)
            ids = photographs["image_id"].to_pylist()
            if not seen.isdisjoint(ids):
                photographs = photographs.filter(pa.array([one not in seen for one in ids]))
                points = points.filter(pc.is_in(points["image_id"], photographs["image_id"]))
            seen.update(ids)
            images.append(photographs)
            keypoints.append(points)
    return pa.concat_tables(images).combine_chunks(), pa.concat_tables(keypoints).combine_chunks()


def _read_table(store: Store, name: str, schema: pa.Schema) -> pa.Table:
    try:
        content = pa.BufferReader(store.read(name))
        return pq.read_table(content, schema=schema).replace_schema_metadata(None)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{store}/{name} cannot be read: {error}") from error


def read_failures(place: str | Path | Store) -> list[Failure]:
    """Read failures.jsonl; a last line that a kill cut short is left out."""
    try:
        content = open_store(place).read("failures.jsonl")
    except FileNotFoundError:
        return []
    lines = content.splitlines(keepends=True)
    return [Failure(**json.loads(line)) for line in lines if line.endswith(b"\n")]


def read_run(folder: str | Path) -> Run:
    """Read a run that `gnomon detect` wrote, by path or URL; ``RunError`` where there is none.

    It is counted as it is read: a worker may have committed after the account was closed.
    """
    store = open_store(folder)
    home = store.root if isinstance(store, LocalStore) else Path(masked(str(store)))
    info = RunInfo.read(store)
    images, keypoints = read_tables(store)
    there = set(images["image_id"].to_pylist())
    failures = tuple(one for one in read_failures(store) if image_id(one.path) not in there)
    names = part_names(store)
    return Run(
        folder=home,
        info=replace(
            info,
            n_images=images.num_rows,
            n_keypoints=keypoints.num_rows,
            n_failures=len(failures),
        ),
        images=images,
        keypoints=with_parts(keypoints, store) if names else keypoints,
        failures=failures,
        part_names=names or info.part_names,
    )

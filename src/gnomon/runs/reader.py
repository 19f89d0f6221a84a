"""Read a run folder back."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc

from gnomon.arguments import checked
from gnomon.errors import RunError
from gnomon.masking import masked
from gnomon.path_text import readable
from gnomon.runs.discovered import part_names, with_parts
from gnomon.runs.info import RunInfo
from gnomon.runs.records import Photograph, Record, batches, stream
from gnomon.runs.store import LocalStore, Store, open_store
from gnomon.showing import quoted
from gnomon.strict_json import read_as
from gnomon.tables import IMAGES, KEYPOINTS, recorded, recorded_id

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that could not be processed, its path as a run's tables hold it, and why.

    Secrets in URLs are masked.
    """

    path: str
    error: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", masked(self.path))
        object.__setattr__(self, "message", readable(masked(self.message)))

    @classmethod
    def of(cls, path: str, error: Exception) -> Self:
        """Take down which error an input came to."""
        return cls(recorded(path), type(error).__name__, str(error))

    def line(self) -> bytes:
        """Write it as a line of failures.jsonl."""
        return (json.dumps(asdict(self), ensure_ascii=True) + "\n").encode()


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """A run folder's content: ``images`` and ``keypoints`` are Arrow tables (see DESIGN).

    ``folder`` is where it lies, or, for a run behind a URL, only what it is called. ``part_names``
    names the ids of the keypoints' ``part`` column; empty where no parts are known. ``limit`` is
    how many images there are of those in the folder, of all if ``None``; see ``first``.
    """

    folder: Path
    info: RunInfo
    images: pa.Table
    keypoints: pa.Table
    failures: tuple[Failure, ...]
    part_names: tuple[str, ...] = ()
    limit: int | None = None

    def first(self, count: int | None) -> "Run":
        """Return the run of its first ``count`` images alone; itself for ``None``."""
        if count is None:
            return self
        images = self.images.slice(0, count)
        keypoints = self.keypoints.slice(0, pc.sum(images["n_keypoints"]).as_py() or 0)
        info = replace(self.info, n_images=images.num_rows, n_keypoints=keypoints.num_rows)
        return replace(self, info=info, images=images, keypoints=keypoints, limit=count)

    def iter_images(self) -> Iterator[Photograph]:
        """Stream the rows of the images table, as typed values."""
        return (record.image for record in self.iter_detections())

    def iter_detections(self) -> Iterator[Record]:
        """Stream the images, each with its keypoints, from the files of the run."""
        return islice(stream(self.folder, len(self.info.part_names)), self.limit)

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a row for each keypoint, with its image's path, label and its part's name.

        The columns are those of ``gnomon export --format parquet``. ``SettingError`` where pandas
        is not installed.
        """
        from gnomon.runs.frame import keypoints_frame

        return keypoints_frame(self)

    def __repr__(self) -> str:
        return f"<Run {quoted(str(self.folder))}: {self.info.counted}, {self.info.made}>"

    def _repr_html_(self) -> str:
        from gnomon.runs.shown import shown

        return shown(self)


def read_tables(store: Store, n_parts: int = 0) -> tuple[pa.Table, pa.Table]:
    """Read the images and the keypoints, each image once; see `gnomon.runs.records`."""
    images, keypoints = [IMAGES.empty_table()], [KEYPOINTS.empty_table()]
    for photographs, points in batches(store, n_parts):
        images.append(photographs)
        keypoints.append(points)
    found = pa.concat_tables(images).combine_chunks()
    if pc.count_distinct(found["image_id"]).as_py() < found.num_rows:
        raise RunError(f"{store} cannot be used: it holds an image twice; detect again")
    return found, pa.concat_tables(keypoints).combine_chunks()


def read_failures(place: str | Path | Store) -> list[Failure]:
    """Read failures.jsonl; a last line that a kill cut short is left out.

    ``RunError`` names the line that holds no failure.
    """
    store = open_store(place)
    try:
        content = store.read("failures.jsonl")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{store}/failures.jsonl cannot be read: {error}") from error
    failures = []
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].split(b"\n")[:-1], start=1):
        try:
            failures.append(read_as(line, Failure))
        except ValueError as error:
            raise RunError(
                f"{store}/failures.jsonl, line {number}, is no failure: {error}"
            ) from error
    return failures


@checked
def read_run(folder: str | Path) -> Run:
    """Read a run that `gnomon detect` wrote, by path or URL; ``RunError`` where there is none.

    It is counted as it is read: a worker may have committed after the account was closed.
    """
    store = open_store(folder)
    home = store.root if isinstance(store, LocalStore) else Path(masked(str(store)))
    info = RunInfo.read(store)
    images, keypoints = read_tables(store, len(info.part_names))
    there = set(images["image_id"].to_pylist())
    failures = tuple(one for one in read_failures(store) if recorded_id(one.path) not in there)
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

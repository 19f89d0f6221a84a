"""What is committed of a run: which span of the listing, written whole or not at all."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from gnomon.detection import Detection
from gnomon.errors import RunError
from gnomon.runs.account import Count
from gnomon.runs.checks import check_images
from gnomon.runs.digest import digest_of
from gnomon.runs.parquet import RunTable, to_parquet
from gnomon.runs.reader import Failure
from gnomon.runs.spans import Part, Span, parts_of
from gnomon.runs.store import Store
from gnomon.strict_json import read_as
from gnomon.tables import IMAGES, KEYPOINTS, keypoint_rows, recorded_id

NOTE = b"gnomon"
DIGEST = "rows"
"""What the digest in a part's name is of; an earlier gnomon took it of the files."""
READERS = 16


@dataclass(frozen=True, slots=True)
class Committed:
    """What is known of a part without its rows: counts, and failures by input number."""

    part: Part
    n_images: int
    n_keypoints: int
    failures: tuple[tuple[int, Failure], ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What parts that overlap come to, each image counted once, and the latest ``attempt`` at them.

    An input is among the ``failures`` where no part holds its image.
    """

    attempt: int
    n_images: int
    n_keypoints: int
    failures: tuple[tuple[int, Failure], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What the images table of a part says beside its rows: its failures, by input number.

    ``digest`` is what the digest in the part's name is of.
    """

    failures: tuple[tuple[Count, Failure], ...]
    digest: str | None = None


def note_of(table: RunTable) -> Note:
    """Read what an images table says beside its rows; ``ValueError`` where it does not say it."""
    if NOTE not in table.metadata:
        raise ValueError("it does not say which inputs failed")
    return read_as(table.metadata[NOTE], Note)


@dataclass(slots=True)
class Gathering:
    """The rows of a shard while its images come in; ``commit`` writes them, or nothing at all."""

    _images: list[dict[str, Any]] = field(default_factory=list)
    _keypoints: list[pa.Table] = field(default_factory=list)
    _failures: list[tuple[int, Failure]] = field(default_factory=list)

    def add(self, path: str, found: Detection) -> None:
        """Add an image's rows."""
        self._images.append(found.row(path))
        self._keypoints.append(keypoint_rows(path, found.keypoints.to_arrow()))

    def drop_last(self) -> None:
        """Take the last image's rows back."""
        self._images.pop()
        self._keypoints.pop()

    def fail(self, number: int, failure: Failure) -> None:
        """Add an input that could not be processed."""
        self._failures.append((number, failure))

    def commit(self, store: Store, span: Span) -> Committed:
        """Write the keypoints, and then the images, whose file makes both count.

        A later attempt that got no image is not written: what failed is known already.
        """
        failures = [[number, asdict(failure)] for number, failure in self._failures]
        note = json.dumps({"failures": failures, "digest": DIGEST}).encode()
        table = pa.Table.from_pylist(self._images, schema=IMAGES)
        keypoints = pa.concat_tables([KEYPOINTS.empty_table(), *self._keypoints])
        part = Part(span, digest_of(table, keypoints, note))
        images = table.replace_schema_metadata({NOTE: note})
        if self._images or not span.attempt:
            store.write(f"keypoints/{part.file_name}", to_parquet(keypoints))
            store.write(f"images/{part.file_name}", to_parquet(images))
        return Committed(part, images.num_rows, keypoints.num_rows, tuple(self._failures))


def committed(store: Store, span: Span) -> Committed | None:
    """Read what a span's part says of itself; ``None`` where it is not there."""
    part = next((part for part in parts_of(store) if part.span == span), None)
    if part is None:
        return None
    images, failures = _read(store, part)
    return Committed(part, len(images), sum(images.values()), tuple(failures.items()))


def settled(store: Store, together: Iterable[list[Part]]) -> Iterator[Settled]:
    """Return what each group of parts that overlap comes to, in order."""
    groups = iter(together)
    with ThreadPoolExecutor(READERS) as pool:
        while batch := list(islice(groups, 64 * READERS)):
            yield from pool.map(lambda group: _settle(store, group), batch)


def _settle(store: Store, group: list[Part]) -> Settled:
    images: dict[str, int] = {}
    failures: dict[int, Failure] = {}
    for part in group:
        mine, failed = _read(store, part)
        images = mine | images
        failures |= failed
    left = ((n, why) for n, why in sorted(failures.items()) if recorded_id(why.path) not in images)
    attempt = max(part.span.attempt for part in group)
    return Settled(attempt, len(images), sum(images.values()), tuple(left))


def _read(store: Store, part: Part) -> tuple[dict[str, int], dict[int, Failure]]:
    """Read a part's images by id, each with its number of keypoints, and its failures by number."""
    name = f"images/{part.file_name}"
    try:
        table = RunTable(store.read(name), f"{store}/{name}", IMAGES)
        note = note_of(table)
    except (OSError, ValueError) as error:
        raise RunError(f"{store}/{name} cannot be read: {error}") from error
    images: dict[str, int] = {}
    for rows in table.batches():
        check_images(rows, table.name)
        ids, counts = rows["image_id"].to_pylist(), rows["n_keypoints"].to_pylist()
        images |= dict(zip(ids, counts, strict=True))
    return images, dict(note.failures)

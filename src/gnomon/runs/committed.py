"""What is committed of a run: which span of the listing, written whole or not at all."""

import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.errors import RunError
from gnomon.runs.reader import Failure
from gnomon.runs.store import Store
from gnomon.runs.tables import IMAGES, KEYPOINTS, image_row, keypoint_rows
from gnomon.types import Detection

NOTE = b"gnomon"
NAME = re.compile(r"part-(\d{10})-(\d{10})(?:-r(\d+))?\.parquet")
READERS = 16


@dataclass(frozen=True, slots=True)
class Span:
    """The inputs from number ``first`` to ``last``, both included.

    A later ``attempt`` covers those of them that failed before, and only those.
    """

    first: int
    last: int
    attempt: int = 0

    @property
    def file_name(self) -> str:
        """Name the span's two Parquet files."""
        again = f"-r{self.attempt}" if self.attempt else ""
        return f"part-{self.first:010}-{self.last:010}{again}.parquet"

    @classmethod
    def of(cls, file_name: str) -> Self:
        """Read a span back from a file's name."""
        match = NAME.fullmatch(file_name)
        if match is None:
            raise RunError(
                f"images/{file_name} is no file that this gnomon wrote, so the run cannot go on;"
                " detect into another folder"
            )
        return cls(*(int(number or 0) for number in match.groups()))


@dataclass(frozen=True, slots=True)
class Committed:
    """What is known of a shard without its rows: counts, and failures by input number."""

    span: Span
    n_images: int
    n_keypoints: int
    failures: tuple[tuple[int, Failure], ...]


@dataclass(slots=True)
class Gathering:
    """The rows of a shard while its images come in; ``commit`` writes them, or nothing at all."""

    _images: list[dict[str, Any]] = field(default_factory=list)
    _keypoints: list[pa.Table] = field(default_factory=list)
    _failures: list[tuple[int, Failure]] = field(default_factory=list)

    def add(self, path: str, found: Detection) -> None:
        """Add an image's rows."""
        self._images.append(image_row(path, found))
        self._keypoints.append(keypoint_rows(path, found))

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
        n_keypoints = sum(table.num_rows for table in self._keypoints)
        done = Committed(span, len(self._images), n_keypoints, tuple(self._failures))
        if self._images or not span.attempt:
            note = {
                "n_keypoints": n_keypoints,
                "failures": [[number, asdict(failure)] for number, failure in self._failures],
            }
            images = pa.Table.from_pylist(self._images, schema=IMAGES)
            keypoints = pa.concat_tables([KEYPOINTS.empty_table(), *self._keypoints])
            store.write(f"keypoints/{span.file_name}", _parquet(keypoints))
            noted = images.replace_schema_metadata({NOTE: json.dumps(note)})
            store.write(f"images/{span.file_name}", _parquet(noted))
        return done


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def spans_of(store: Store) -> list[Span]:
    """Name the spans that are complete, in the order of the listing."""
    spans = [Span.of(name) for name in store.names("images") if name.endswith(".parquet")]
    return sorted(spans, key=lambda span: (span.first, span.attempt))


def read_committed(store: Store, spans: Iterable[Span]) -> Iterator[Committed]:
    """Read what each span's files say of themselves, in order."""
    with ThreadPoolExecutor(READERS) as pool:
        batch: list[Span] = []
        for span in spans:
            batch.append(span)
            if len(batch) == 64 * READERS:
                yield from pool.map(lambda one: _read_one(store, one), batch)
                batch.clear()
        yield from pool.map(lambda one: _read_one(store, one), batch)


def committed(store: Store, span: Span) -> Committed | None:
    """Read what a span's files say of themselves; ``None`` where they are not there."""
    return _read_one(store, span) if span.file_name in store.names("images") else None


def _read_one(store: Store, span: Span) -> Committed:
    name = f"images/{span.file_name}"
    try:
        with pq.ParquetFile(pa.BufferReader(store.read(name))) as file:
            note = json.loads(file.schema_arrow.metadata[NOTE])
            failures = tuple((number, Failure(**one)) for number, one in note["failures"])
            return Committed(span, file.metadata.num_rows, note["n_keypoints"], failures)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{store}/{name} cannot be read: {error}") from error


def still_failed(found: Iterable[Committed]) -> Iterator[tuple[Span, list[tuple[int, Failure]]]]:
    """Give what failed in each span and in every later attempt at it, with the latest attempt."""
    for _, group in groupby(found, _Bases()):
        first, *later = group
        failed = dict(first.failures)
        for done in sorted(later, key=lambda one: one.span.attempt):
            again = dict(done.failures)
            tried = [one for one in failed if done.span.first <= one <= done.span.last]
            failed = {one: why for one, why in failed.items() if one not in tried} | again
        if failed:
            attempt = max(done.span.attempt for done in (first, *later))
            yield Span(first.span.first, first.span.last, attempt), sorted(failed.items())


class _Bases:
    """Gives each the first one that covers it, of spans in order."""

    def __init__(self) -> None:
        self._base: Span | None = None

    def __call__(self, done: Committed) -> Span:
        if not done.span.attempt or self._base is None:
            self._base = done.span
        return self._base


def gaps(spans: Iterable[Span], n_inputs: int) -> Iterator[tuple[int, int]]:
    """Give the ranges [from, to) of inputs that no span covers, in order.

    >>> list(gaps([Span(2, 3), Span(6, 7, 1)], 8))
    [(0, 2), (4, 8)]
    """
    place = 0
    bases = (span for span in spans if not span.attempt)
    for span in sorted(bases, key=lambda span: span.first):
        if span.first > place:
            yield place, span.first
        place = max(place, span.last + 1)
    if place < n_inputs:
        yield place, n_inputs

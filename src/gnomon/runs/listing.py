"""The inputs of a run, listed once and numbered from 0, so that every start sees the same."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, zip_longest
from typing import Any, Self

import pyarrow as pa

from gnomon.errors import RunError
from gnomon.masking import is_masked, masked
from gnomon.runs.parquet import RunTable, to_parquet
from gnomon.runs.store import Store
from gnomon.tables import recorded

A_FILE = 65_536
NAME = re.compile(r"part-\d{6,}\.parquet")
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("location", pa.binary(), nullable=False),
        pa.field("offset", pa.int64()),
        pa.field("size", pa.int64()),
        pa.field("row", pa.int64()),
        pa.field("column", pa.string()),
        pa.field("landmarks", pa.list_(pa.float64())),
    ]
)


@dataclass(frozen=True, slots=True)
class Input:
    """One image to process: the ``path`` that names it, and where its bytes are.

    They are the file ``location`` (a path or URL; ``path`` itself where it is empty), ``size``
    bytes of it from ``offset``, or what ``column`` holds in row ``row`` of it. ``landmarks`` are
    x, y, x, y... of annotated points to draw beside.
    """

    path: str
    location: str = ""
    offset: int | None = None
    size: int | None = None
    row: int | None = None
    column: str | None = None
    landmarks: tuple[float, ...] | None = None

    @property
    def file(self) -> str:
        """Describe which file to open."""
        return self.location or self.path

    def identity(self) -> bytes:
        """Return what tells two inputs apart: all but the secrets in their URLs."""
        place = f"\0{self.offset}\0{self.size}\0{self.row}\0{self.column}\n"
        return os.fsencode(f"{masked(self.path)}\0{masked(self.location)}") + place.encode()

    @property
    def lacks_secrets(self) -> bool:
        """Return whether secrets in its URLs are masked, as they are in a listing."""
        return is_masked(self.path) or is_masked(self.location)

    def to_row(self) -> tuple[Any, ...]:
        """Return the row of the listing, its path as text; secrets in URLs are not kept."""
        text, path, location = recorded(self.path), masked(self.path), masked(self.location)
        exact = "" if text == path else f"\0{path}"
        place = os.fsencode(location + exact)
        return text, place, self.offset, self.size, self.row, self.column, self.landmarks

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Read a row of the listing."""
        location, _, exact = os.fsdecode(row.pop("location")).partition("\0")
        path, landmarks = exact or row.pop("path"), row.pop("landmarks")
        row.pop("path", None)
        return cls(path, location, **row, landmarks=None if landmarks is None else tuple(landmarks))


@dataclass(frozen=True, slots=True)
class Listing:
    """How many inputs there are, and the SHA-256 of which."""

    n_inputs: int
    sha256: str


def write_listing(store: Store, inputs: Iterable[Input]) -> Listing:
    """Write inputs/*.parquet, however many there are, with the memory of a few thousand."""
    remove_listing(store)
    count, digest, rest = 0, sha256(), iter(inputs)
    while batch := list(islice(rest, A_FILE)):
        columns = zip(*(one.to_row() for one in batch), strict=True)
        arrays = [pa.array(c, field.type) for c, field in zip(columns, SCHEMA, strict=True)]
        table = pa.Table.from_arrays(arrays, schema=SCHEMA)
        store.write(_name(count // A_FILE), to_parquet(table))
        digest.update(b"".join(one.identity() for one in batch))
        count += len(batch)
    return Listing(count, digest.hexdigest())


def remove_listing(store: Store) -> None:
    """Remove inputs/*.parquet, and the folder where nothing else is in it."""
    for name in store.names("inputs"):
        if NAME.fullmatch(name):
            store.remove(f"inputs/{name}")
    store.remove_folder("inputs")


Inputs = Callable[[], Iterable[Input]]
"""Lists the inputs, each time anew."""


def compare_listing(store: Store, inputs: Inputs, known: Listing) -> None:
    """See that the inputs are those listed before; ``RunError`` shows the first that is not."""
    digest, count = sha256(), 0
    for one in inputs():
        digest.update(one.identity())
        count += 1
    if digest.hexdigest() == known.sha256:
        return
    pairs = zip_longest(read_listing(store, 0, known.n_inputs), inputs())
    number, (then, now) = next(
        (number, pair)
        for number, pair in enumerate(pairs)
        if None in pair or pair[0].identity() != pair[1].identity()
    )
    paths = ["none" if one is None else repr(one.path) for one in (then, now)]
    raise RunError(
        f"{store} was begun with other inputs, so it cannot be resumed: {known.n_inputs:,} then, "
        f"{count:,} now; the first that differs is number {number}, then {paths[0]}, now {paths[1]}"
    )


def read_listing(store: Store, first: int, stop: int) -> Iterator[Input]:
    """Read the inputs from number ``first`` to before ``stop``."""
    for number in range(first // A_FILE, -(-stop // A_FILE)):
        start = number * A_FILE
        table = listing_file(store, number)
        rows = table.slice(max(first - start, 0), min(stop, start + A_FILE) - max(first, start))
        for batch in rows.to_batches(max_chunksize=1024):
            yield from map(Input.from_row, batch.to_pylist())


def listing_file(store: Store, number: int) -> pa.Table:
    """Read one file of the listing."""
    name = _name(number)
    try:
        return RunTable(store.read(name), f"{store}/{name}", SCHEMA).read()
    except OSError as error:
        raise RunError(f"{store}/{name} cannot be read: {error.strerror or error}") from error


def damaged_listing(store: Store, known: Listing) -> list[str]:
    """Describe what is wrong with the files of a complete listing, a line each."""
    found = []
    for first in range(0, known.n_inputs, A_FILE):
        name, rows = _name(first // A_FILE), min(known.n_inputs - first, A_FILE)
        try:
            content = store.read(name)
        except FileNotFoundError:
            found.append(f"{name} is missing")
            continue
        try:
            there = RunTable(content, name, SCHEMA).read().num_rows
        except RunError as error:
            found.append(str(error))
        else:
            if there != rows:
                found.append(f"{name} has {there} rows instead of {rows}")
    if found:
        return found
    digest = sha256()
    for one in read_listing(store, 0, known.n_inputs):
        digest.update(one.identity())
    same = digest.hexdigest() == known.sha256
    return [] if same else ["inputs/ lists other inputs than run.json says"]


def _name(number: int) -> str:
    return f"inputs/part-{number:06}.parquet"


class Numbered:
    """Reads inputs by number; one file of the listing is kept at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._number = -1
        self._table = SCHEMA.empty_table()

    def __getitem__(self, number: int) -> Input:
        if number // A_FILE != self._number:
            self._number = number // A_FILE
            self._table = listing_file(self._store, self._number)
        rows = self._table.slice(number % A_FILE, 1).to_pylist()
        if not rows:
            raise RunError(f"the listing of inputs ends before number {number}; detect again")
        return Input.from_row(rows[0])

    def between(self, first: int, stop: int) -> list[Input]:
        """Read the inputs from ``first`` to before ``stop``."""
        return [self[number] for number in range(first, stop)]


class Secrets:
    """Restores the secrets of listed inputs' URLs, which no listing keeps.

    The inputs are listed again beside it, so it is fast where numbers rise.
    """

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._rest: Iterator[tuple[int, Input]] = iter(())
        self._next = 0

    def restored(self, number: int, one: Input) -> Input:
        """Return an input as it is listed now; ``RunError`` where its number is another's."""
        if not one.lacks_secrets:
            return one
        if number < self._next or not self._next:
            self._rest = enumerate(self._inputs())
        whole = next((mine for n, mine in self._rest if n == number), None)
        self._next = number + 1
        if whole is None or whole.identity() != one.identity():
            raise RunError(
                f"input {number} was {one.path!r} when the run was begun and is another now, so its"
                " secret is not known; give the inputs that it was begun with"
            )
        return whole

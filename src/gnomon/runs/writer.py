"""A run folder that is being written: by one process, shard by shard, from listing to end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from pathlib import Path

from gnomon.errors import RunError
from gnomon.runs.account import now
from gnomon.runs.committed import Committed, Gathering, Settled, settled
from gnomon.runs.info import FILE_NAME, RunInfo
from gnomon.runs.listing import (
    Input,
    Inputs,
    Listing,
    Numbered,
    Secrets,
    compare_listing,
    damaged_listing,
    remove_listing,
    write_listing,
)
from gnomon.runs.lock import locked
from gnomon.runs.reader import Failure
from gnomon.runs.spans import Span, gaps, overlapping, parts_of
from gnomon.runs.store import Store, open_store
from gnomon.runs.verify import damaged_parts, discard
from gnomon.tables import recorded

FAILURES = "failures.jsonl"


@dataclass(frozen=True, slots=True)
class Shard:
    """Inputs to process in one go, with their numbers, and the span that they are."""

    span: Span
    inputs: tuple[tuple[int, Input], ...]


def shard_size(n_inputs: int) -> int:
    """Choose how many inputs make a shard: enough shards to share out, few enough to list.

    >>> [shard_size(n) for n in (10, 2_000, 1_000_000, 1_000_000_000)]
    [8, 31, 244, 1024]
    """
    if n_inputs <= 64 * 4096:
        return min(max(n_inputs // 64, 8), 64)
    return min(n_inputs // 4096, 1024)


@contextmanager
def run_folder(
    place: "str | Path | Store", info: RunInfo, inputs: Inputs, *, resume: bool
) -> Iterator["RunFolder"]:
    """Make or reopen a run, hold it while it is written, and close its account.

    ``RunError`` where it holds something else, belongs to another process, or was begun with other
    choices or inputs; the difference is shown.
    """
    store = open_store(place)
    refuse_other(store, resume=resume)
    with locked(store):
        known = refuse_other(store, resume=resume)
        damaged = []
        if known is None:
            info = _begin(store, info, inputs)
        else:
            info = _go_on(store, info, inputs, known)
            damaged = list(damaged_parts(store))
            discard(store, (part for part, _ in damaged))
        folder = RunFolder(store, info, inputs, tuple(fault for _, fault in damaged))
        complete = False
        try:
            yield folder
            complete = True
        finally:
            folder.close(complete=complete)


def refuse_other(place: "str | Path | Store", *, resume: bool) -> RunInfo | None:
    """Read the run that is to be gone on with; ``None`` where a new one may begin.

    ``RunError`` where something else is there.
    """
    store = open_store(place)
    if resume and store.exists(FILE_NAME):
        return RunInfo.read(store)
    if not store.is_free():
        raise RunError(
            f"{store} is there already and not empty. "
            "Give another --out, remove it, or go on with it by --resume."
        )
    return None


def _begin(store: Store, info: RunInfo, inputs: Inputs) -> RunInfo:
    """Begin a run, once its inputs have begun to be listed; where that fails, leave nothing."""
    rest = iter(inputs())
    first = tuple(islice(rest, 1))
    store.sweep()
    try:
        info.write(store)
        listing = write_listing(store, chain(first, rest))
        info = replace(
            info,
            n_inputs=listing.n_inputs,
            inputs_sha256=listing.sha256,
            shard=shard_size(listing.n_inputs),
        )
        info.write(store)
    except Exception:
        remove_listing(store)
        store.remove(FILE_NAME)
        raise
    return info


def _go_on(store: Store, info: RunInfo, inputs: Inputs, known: RunInfo) -> RunInfo:
    """See that a run was begun with these choices and inputs; mend its listing if need be."""
    if differences := known.differences(info):
        raise RunError(
            f"{store} was begun with other choices, so it cannot be resumed. "
            f"Then and now: {'; '.join(differences)}"
        )
    info = replace(info, start=known.start)
    if known.n_inputs is None or known.inputs_sha256 is None:
        return _begin(store, info, inputs)
    store.sweep()
    listing = Listing(known.n_inputs, known.inputs_sha256)
    compare_listing(store, inputs, listing)
    if damaged_listing(store, listing):
        write_listing(store, inputs())
    return replace(
        info, n_inputs=known.n_inputs, inputs_sha256=known.inputs_sha256, shard=known.shard
    )


class RunFolder:
    """What is done of a run and what is left to do."""

    def __init__(
        self, store: Store, info: RunInfo, inputs: Inputs, damaged: Sequence[str] = ()
    ) -> None:
        """Count what is done; ``info`` must know the listing of ``inputs``.

        ``damaged`` says what was found damaged, and is done again.
        """
        self.store = store
        self._secrets = Secrets(inputs)
        self.info = info
        self.damaged = tuple(damaged)
        self.n_inputs = info.n_inputs or 0
        self._parts = parts_of(store)
        self._counted = set(self._parts)
        self._retried = False
        self._count()

    def _settled(self) -> Iterator[Settled]:
        return settled(self.store, overlapping(self._parts))

    def _count(self) -> None:
        """Take the account from the parts, and name what failed."""
        n_images = n_keypoints = 0
        lines = []
        for one in self._settled():
            n_images += one.n_images
            n_keypoints += one.n_keypoints
            lines += [failure.line() for _, failure in one.failures]
        self.store.write(FAILURES, b"".join(lines))
        self.info = replace(
            self.info, n_images=n_images, n_keypoints=n_keypoints, n_failures=len(lines)
        )

    def todo(self) -> Iterator[Shard]:
        """Return what is not committed yet, then what failed before; in the listing's order."""
        numbered, size = Numbered(self.store), self.info.shard or 1
        for first, stop in gaps(self._parts, self.n_inputs):
            for _, within in groupby(range(first, stop), lambda number: number // size):
                wanted = list(within)
                span = Span(wanted[0], wanted[-1])
                yield Shard(span, self._numbered(numbered, wanted))
        for one in self._settled():
            if numbers := [number for number, _ in one.failures]:
                again = Span(numbers[0], numbers[-1], one.attempt + 1)
                yield Shard(again, self._numbered(numbered, numbers))

    def _numbered(self, known: Numbered, wanted: list[int]) -> tuple[tuple[int, Input], ...]:
        return tuple((one, self._secrets.restored(one, known[one])) for one in wanted)

    def record(self, done: Committed) -> None:
        """Count a shard that has been committed, and name its failures."""
        self._counted.add(done.part)
        n_failures = self.info.n_failures
        if done.part.span.attempt:
            self._retried = True
            n_failures -= done.n_images
        elif done.failures:
            n_failures += len(done.failures)
            lines = b"".join(failure.line() for _, failure in done.failures)
            self.store.append(FAILURES, lines)
        self.info = replace(
            self.info,
            n_images=self.info.n_images + done.n_images,
            n_keypoints=self.info.n_keypoints + done.n_keypoints,
            n_failures=n_failures,
        )

    def give_up(self, shard: Shard, reason: str) -> Committed:
        """Commit a shard that no worker survives."""
        gathering = Gathering()
        for number, one in shard.inputs:
            message = f"{one.path}: worker after worker died at it ({reason}); leave it out"
            gathering.fail(number, Failure(recorded(one.path), "WorkerDied", message))
        return gathering.commit(self.store, shard.span)

    def close(self, *, complete: bool) -> None:
        """Write the account, taken anew where other parts appeared than were heard of."""
        self.store.close()
        self._parts = parts_of(self.store)
        if self._retried or self._counted != set(self._parts):
            self._count()
        self.info = replace(self.info, end=now() if complete else None)
        self.info.write(self.store)

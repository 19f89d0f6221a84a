"""Which parts of a run there are, by their names alone, and which of them may hold the same images.

A part is never changed once it is complete: its name ends in a digest of its rows. A worker that
was believed dead may still commit, so parts may overlap, in any way and at any time. Readers take
overlapping parts together, in the order given here, and count an image where it comes first.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from gnomon.errors import RunError
from gnomon.runs.store import Store

NAME = re.compile(r"part-(\d{10})-(\d{10})(?:-r(\d+))?(?:-([0-9a-f]{16}))?\.parquet")


@dataclass(frozen=True, slots=True)
class Span:
    """The inputs from number ``first`` to ``last``, both included.

    A later ``attempt`` covers those of them that failed before, and only those.
    """

    first: int
    last: int
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A span that is written, and the ``digest`` of its rows; an earlier gnomon wrote none."""

    span: Span
    digest: str = ""

    @property
    def file_name(self) -> str:
        """Name the part's two Parquet files."""
        again = f"-r{self.span.attempt}" if self.span.attempt else ""
        digest = f"-{self.digest}" if self.digest else ""
        return f"part-{self.span.first:010}-{self.span.last:010}{again}{digest}.parquet"

    @classmethod
    def of(cls, file_name: str) -> Self:
        """Read a part back from a file's name."""
        match = NAME.fullmatch(file_name)
        if match is None:
            raise RunError(
                f"images/{file_name} is no file that this gnomon wrote, so the run cannot go on;"
                " detect into another folder"
            )
        *numbers, digest = match.groups()
        return cls(Span(*(int(number or 0) for number in numbers)), digest or "")


def parts_of(store: Store) -> list[Part]:
    """List the complete parts; ``RunError`` where another file is among them."""
    return [Part.of(name) for name in _complete(store)]


def _complete(store: Store) -> list[str]:
    """Name the complete parts' files: that of the images table is the last thing written."""
    return [name for name in store.names("images") if name.endswith(".parquet")]


def overlapping(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Return parts in the order of the listing, those that overlap together, first attempts first.

    >>> parts = [Part(Span(4, 7)), Part(Span(0, 3)), Part(Span(1, 2, 1)), Part(Span(2, 3))]
    >>> [[(one.span.first, one.span.last) for one in group] for group in overlapping(parts)]
    [[(0, 3), (2, 3), (1, 2)], [(4, 7)]]
    """
    group: list[Part] = []
    last = -1
    for part in sorted(parts, key=lambda part: part.span.first):
        if group and part.span.first > last:
            yield sorted(group, key=_turn)
            group.clear()
        group.append(part)
        last = max(last, part.span.last)
    if group:
        yield sorted(group, key=_turn)


def _turn(part: Part) -> tuple[int, str]:
    return part.span.attempt, part.file_name


def files_together(store: Store) -> Iterator[list[str]]:
    """Name the complete files of either table in the order of the listing, overlapping together.

    A file of another name, as an earlier gnomon wrote them, overlaps none.
    """
    names = _complete(store)
    yield from ([name] for name in names if NAME.fullmatch(name) is None)
    parts = (Part.of(name) for name in names if NAME.fullmatch(name) is not None)
    yield from ([part.file_name for part in group] for group in overlapping(parts))


def gaps(parts: Iterable[Part], n_inputs: int) -> Iterator[tuple[int, int]]:
    """Return the ranges [from, to) of inputs that no part covers, in order.

    >>> list(gaps([Part(Span(2, 3)), Part(Span(6, 7, 1))], 8))
    [(0, 2), (4, 8)]
    """
    place = 0
    spans = (part.span for part in parts if not part.span.attempt)
    for span in sorted(spans, key=lambda span: span.first):
        if span.first > place:
            yield place, span.first
        place = max(place, span.last + 1)
    if place < n_inputs:
        yield place, n_inputs

"""What a person changed: which points stayed, were moved, deleted and added."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from gnomon.corrections.corrected import CorrectedPoint
from gnomon.datasets.sample import Change
from gnomon.tables import ANY
from gnomon.types import Floats

MOVED = 0.05
"""Pixels from which on a point counts as moved: tools round to 0.01."""
REACH = 0.05
"""How far a point may have been moved, in units of the image's longer side, where only its place
tells which it was."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How many points a person left as they were, moved, deleted and added.

    >>> Changes(kept=7, moved=2, deleted=1, added=1).clicks_saved
    6
    """

    kept: int = 0
    moved: int = 0
    deleted: int = 0
    added: int = 0

    @classmethod
    def of(cls, each: Sequence[Change], before: int) -> "Changes":
        """Count what was done to each point, of an image that had ``before`` points.

        >>> Changes.of(["kept", "moved", "added"], 4)
        Changes(kept=1, moved=1, deleted=2, added=1)
        """
        kept, moved, added = (each.count(one) for one in ("kept", "moved", "added"))
        return cls(kept, moved, before - kept - moved, added)

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.kept + other.kept,
            self.moved + other.moved,
            self.deleted + other.deleted,
            self.added + other.added,
        )

    @property
    def n_points(self) -> int:
        """Count the points in the end: so many clicks it takes to set them all by hand."""
        return self.kept + self.moved + self.added

    @property
    def clicks(self) -> int:
        """Count what the person did: one for each point moved, deleted or added."""
        return self.moved + self.deleted + self.added

    @property
    def clicks_saved(self) -> int:
        """Count the clicks fewer than by hand; below 0 where correcting took more."""
        return self.n_points - self.clicks


def compare(
    xy: Floats,
    ranks: Sequence[int],
    names: Sequence[str],
    points: Sequence[CorrectedPoint],
    reach: float | None,
) -> tuple[Change, ...]:
    """Compare what was exported, (N,2) with its ranks and names, to what came back, in one frame.

    Return what was done to each of the points that came back.

    A point is found again by its rank. With a ``reach`` in px, for tools that keep no ranks, also
    by the name of its part, where it alone has it; the rest are paired by place, so that all
    distances together are the least and each is within reach.
    """
    row_of = {rank: row for row, rank in enumerate(ranks)}
    pairs: dict[int, int] = {}
    for number, point in enumerate(points):
        if point.rank is not None and (row := row_of.pop(point.rank, None)) is not None:
            pairs[number] = row
    at = np.array([(point.x, point.y) for point in points]).reshape(-1, 2)
    if reach is not None:
        pairs |= _by_name(names, [point.name for point in points], pairs)
        pairs |= _by_place(xy, at, pairs, reach)
    far = {number for number, row in pairs.items() if np.hypot(*(at[number] - xy[row])) > MOVED}
    return tuple(
        "added" if number not in pairs else "moved" if number in far else "kept"
        for number in range(len(points))
    )


def _by_name(before: Sequence[str], after: Sequence[str], pairs: dict[int, int]) -> dict[int, int]:
    return {
        after.index(name): before.index(name)
        for name in set(before) - {ANY}
        if before.count(name) == after.count(name) == 1
        and after.index(name) not in pairs
        and before.index(name) not in pairs.values()
    }


def _by_place(xy: Floats, at: Floats, pairs: dict[int, int], reach: float) -> dict[int, int]:
    numbers = [number for number in range(len(at)) if number not in pairs]
    rows = [row for row in range(len(xy)) if row not in pairs.values()]
    apart = np.hypot(*(at[numbers][:, None] - xy[rows][None]).transpose(2, 0, 1))
    best = zip(*linear_sum_assignment(np.minimum(apart, reach)), strict=True)
    return {numbers[n]: rows[r] for n, r in best if apart[n, r] < reach}

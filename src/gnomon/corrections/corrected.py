"""What a person made of an image's points, whatever tool it was done in."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CorrectedPoint:
    """A point in pixels as gnomon counts them, of the image in the size that the tool knew.

    ``rank`` is that of the keypoint that it was, where the tool kept it, else ``None``.
    """

    x: float
    y: float
    name: str
    visible: bool = True
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class CorrectedImage:
    """An image in a tool's file: its ``name`` there, its ``size`` (width, height), its points.

    ``image_id`` and ``run_id`` are the run's, where the tool kept them, else ``None``; so is
    ``annotator``, whose points these are. ``n_annotators`` is how many were chosen from.
    """

    name: str
    size: tuple[int, int]
    points: tuple[CorrectedPoint, ...]
    image_id: str | None = None
    run_id: str | None = None
    annotator: str | None = None
    n_annotators: int = 1


def rank_in(text: str) -> int | None:
    """Read a rank as the exports write it, as "12" or "rank-12"; ``None`` for anything else.

    >>> rank_in("12"), rank_in("rank-3"), rank_in("beak")
    (12, 3, None)
    """
    found = re.fullmatch(r"(?:rank-)?([1-9][0-9]{0,8})", text)
    return int(found[1]) if found else None

"""review.jsonl: what a person made of a run's keypoints, event by event, beside the run.

A last line that a crash cut short is left out.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from gnomon.errors import RunError
from gnomon.runs.review_event import Event
from gnomon.runs.store import LocalStore
from gnomon.strict_json import read_as

FILE_NAME = "review.jsonl"

Verdict = Literal["accepted", "rejected", "unseen"]
Origin = Literal["detected", "moved", "added"]


class Review:
    """Events in order, and what stands of them."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = []
        self._standing: dict[int, None] = {}
        self._of_image: defaultdict[str, dict[int, None]] = defaultdict(dict)
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        number = len(self.events)
        if event.undoes is None:
            self._standing[number] = None
            self._of_image[event.image_id][number] = None
        elif event.undoes in self._standing:
            del self._standing[event.undoes]
            del self._of_image[self.events[event.undoes].image_id][event.undoes]
        else:
            raise RunError(
                f"event {number} of the review undoes event {event.undoes}, which is not standing"
            )
        self.events.append(event)

    @property
    def latest(self) -> int | None:
        """The number of the last event that stands, the next to undo."""
        return next(reversed(self._standing), None)

    @property
    def images(self) -> frozenset[str]:
        """The ids of the images about which something was said."""
        return frozenset(image for image, numbers in self._of_image.items() if numbers)

    def standing(self, image_id: str) -> list[Event]:
        """List the events about one image that were not undone."""
        return [self.events[number] for number in self._of_image.get(image_id, ())]

    def apply(self, image_id: str, keypoints: pa.Table) -> pa.Table:
        """Return an image's rows of the keypoints table as the review leaves them.

        Three columns more: ``verdict`` (accepted, rejected, unseen), ``name`` (null for none) and
        ``origin`` (detected, moved, added). A point that was moved or added counts as accepted
        until it is rejected; it has no covariance, its kind is map, and an added one has no score,
        coarse or fine: they are NaN. Added points come last. ``RunError`` where an event is about a
        point that the image does not have.
        """
        rows: dict[int, dict[str, Any]] = {}
        for row in keypoints.to_pylist():
            rows[row["rank"]] = row | {"verdict": "unseen", "name": None, "origin": "detected"}
        for event in self.standing(image_id):
            for rank in event.points:
                if event.kind == "added":
                    if rank != max(rows, default=0) + 1:
                        raise RunError(
                            f"the review adds point {rank} to image {image_id}, where the next is"
                            f" {max(rows, default=0) + 1}: it is the review of another run"
                        )
                    rows[rank] = _added(keypoints.schema, image_id, rank)
                elif rank not in rows:
                    raise RunError(
                        f"the review is about point {rank} of image {image_id}, which has"
                        f" {len(keypoints)} points: it is the review of another run"
                    )
                _change(rows[rank], event)
        return pa.Table.from_pylist(list(rows.values()), schema=reviewed_schema(keypoints.schema))


def reviewed_schema(schema: pa.Schema) -> pa.Schema:
    """Return the keypoints table's schema with the three columns of a review."""
    for name, nullable in (("verdict", False), ("name", True), ("origin", False)):
        schema = schema.append(pa.field(name, pa.string(), nullable=nullable))
    return schema


def _added(schema: pa.Schema, image_id: str, rank: int) -> dict[str, Any]:
    known: dict[str, Any] = {"image_id": image_id, "rank": rank, "refined": False, "part": -1}
    known |= {"confidence": 1.0, "kind": "map", "proved": False}
    unknown = {one.name: np.nan for one in schema if pa.types.is_floating(one.type)}
    return unknown | known | {"verdict": "unseen", "name": None, "origin": "added"}


def _change(row: dict[str, Any], event: Event) -> None:
    if event.kind in ("accepted", "rejected"):
        row["verdict"] = event.kind
    if event.kind in ("moved", "added"):
        row |= {"x": event.x, "y": event.y, "verdict": "accepted", "refined": False}
        row |= {"kind": "map", "proved": False}
        row |= dict.fromkeys(("cov_xx", "cov_xy", "cov_yy"), np.nan)
    if event.kind == "moved" and row["origin"] == "detected":
        row["origin"] = "moved"
    if event.name is not None:
        row["name"] = event.name or None


def read_review(place: str | Path) -> Review:
    """Read the review of a run, given its folder or the file itself; ``RunError`` without one.

    A last line that was cut short is left out.
    """
    path = Path(place)
    path = path / FILE_NAME if path.is_dir() else path.resolve()
    try:
        content = LocalStore(path.parent).read(path.name)
    except FileNotFoundError:
        raise RunError(
            f"there is no review at {path}; make one with `gnomon serve RUN`,"
            " or give the file that holds it"
        ) from None
    return Review(events_of(content[: content.rfind(b"\n") + 1], path))


def events_of(content: bytes, path: Path) -> list[Event]:
    """Read the events of whole lines; ``RunError`` names the line that holds none."""
    events = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            events.append(read_as(line, Event))
        except ValueError as error:
            raise RunError(f"{path}, line {number}: not an event of a review: {error}") from error
    return events

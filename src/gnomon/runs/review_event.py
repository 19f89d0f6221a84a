"""One thing that a person said about keypoints, as a line of review.jsonl."""

import json
from dataclasses import asdict, dataclass, field
from typing import Annotated, Literal, get_args

import numpy as np
from msgspec import Meta

from gnomon.runs.account import Count, Text, now
from gnomon.runs.checks import FURTHEST, ID

ImageId = Annotated[str, Meta(pattern=ID.replace("$", r"\Z"))]
Rank = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Place = Annotated[float, Meta(ge=-FURTHEST, le=FURTHEST)]
LONGEST_NAME = 1024
Kind = Literal["accepted", "rejected", "moved", "added", "named", "undone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that a person did to points of one image, named by their rank.

    ``x`` and ``y`` (file pixels) say where a point was moved to or added; ``name`` what it was
    named, empty to take a name away; ``undoes`` the number, from 0, of the event that is undone.
    An added point has the rank after the image's last. ``ValueError`` for anything else.
    """

    kind: Kind
    image_id: ImageId
    points: tuple[Rank, ...] = ()
    x: Place | None = None
    y: Place | None = None
    name: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    undoes: Count | None = None
    at: Text = field(default_factory=now)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", tuple(self.points))
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind is one of {', '.join(get_args(Kind))}, not {self.kind!r}")
        if (self.undoes is not None) != (self.kind == "undone"):
            raise ValueError("an undone event, and no other, says what it undoes")
        if not self.points and self.kind != "undone":
            raise ValueError(f"a {self.kind} event names its points")
        if self.kind in ("moved", "added") and (
            len(self.points) != 1 or self.x is None or self.y is None
        ):
            raise ValueError(f"a {self.kind} event has one point, with x and y")
        if self.x is not None and self.y is not None and not np.isfinite([self.x, self.y]).all():
            raise ValueError(f"x and y are finite numbers of pixels, not {self.x}, {self.y}")
        if self.kind == "named" and self.name is None:
            raise ValueError("a named event has a name")
        if self.name is not None and len(self.name) > LONGEST_NAME:
            raise ValueError(f"a name has at most {LONGEST_NAME} characters")

    def line(self) -> bytes:
        """Write the event as one line of JSON."""
        known = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return (json.dumps(known, ensure_ascii=True, allow_nan=False) + "\n").encode()

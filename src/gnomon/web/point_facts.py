"""What the page says of a keypoint that is judged; points are the stage's rows."""

from collections.abc import Sequence
from typing import Any

Rows = Sequence[list[Any]]


def said_of(point: list[Any]) -> str:
    """Name a point's verdict."""
    return "not judged" if point[10] == "unseen" else str(point[10])


def judged(points: Rows) -> str:
    """Describe how many of an image's points are judged."""
    return f"{sum(point[10] != 'unseen' for point in points)} of {len(points)}"


def facts_of(point: list[Any], points: Rows, part_names: Sequence[str]) -> list[tuple[str, str]]:
    """List what is known of a point, one of an image's ``points``: names and values."""
    part = int(point[9])
    named = part_names[part] if 0 <= part < len(part_names) else str(part)
    return [
        ("judged", judged(points)),
        ("place", f"{point[1]:.1f}, {point[2]:.1f} px"),
        ("score", _number(point[3])),
        ("coarse", _number(point[4])),
        ("fine", _number(point[5])),
        *([("part", named)] if part >= 0 else []),
        *([("origin", point[12])] if point[12] != "detected" else []),
        *([("name", point[11])] if point[11] else []),
    ]


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3g}"

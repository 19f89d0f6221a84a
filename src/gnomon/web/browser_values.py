"""What a browser says, read as what it should be; ``None`` where it is not that.

A page that is a moment old may ask for what is gone, and a hand-made message for anything:
neither is acted on.
"""

from collections.abc import Mapping
from typing import Any


def number(value: Any, low: float, high: float) -> float | None:
    """Return a number between two ends.

    >>> number(3, 0, 5), number("3", 0, 5), number(float("nan"), 0, 5), number(6, 0, 5)
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high else None


def line(value: Any, longest: int = 400) -> str | None:
    """Return a line of text, without signs that only a terminal obeys.

    >>> line("beak"), line("a" * 500), line(chr(27) + "[31m"), line(["beak"])
    ('beak', None, None, None)
    """
    if not isinstance(value, str) or len(value) > longest:
        return None
    return None if any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in value) else value


def field(value: Any, name: str) -> Any:
    """Return one of several values by its name."""
    return value.get(name) if isinstance(value, Mapping) else None

"""JSON of somebody else's: no value is taken before its type and its range are seen."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 2.0**31
"""No number of an annotation is beyond: neither a place in an image nor an id."""


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value and the ``place`` where it stands, such as "images[3].width".

    Every method raises ``ValueError``, with the place, where the value is of another type or range.

    >>> value = read_json_value(b'{"size": [4, 3]}')
    >>> [side.whole(low=1) for side in value["size"].each()]
    [4, 3]
    >>> value["size"].text()
    Traceback (most recent call last):
    ValueError: size is a list, not text
    """

    value: object
    place: str = ""

    def __getitem__(self, name: str) -> "Value":
        """Take a field of an object."""
        fields = self._of(dict, "an object")
        if name not in fields:
            raise ValueError(f"{self._named()} has no {name!r}")
        return Value(fields[name], f"{self.place}.{name}" if self.place else name)

    def get(self, name: str) -> "Value | None":
        """Take a field that may be missing or null."""
        return None if self._of(dict, "an object").get(name) is None else self[name]

    def each(self) -> "Iterator[Value]":
        """Give the elements of a list in turn."""
        for number, one in enumerate(self._of(list, "a list")):
            yield Value(one, f"{self.place}[{number}]")

    def text(self) -> str:
        """Take text."""
        text: str = self._of(str, "text")
        return text

    def flag(self) -> bool:
        """Take a truth, which may come as 0 or 1."""
        if self.value in (0, 1) and isinstance(self.value, int):
            return bool(self.value)
        raise self._not("true or false")

    def number(self) -> float:
        """Take a finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self._not("a number")
        if not abs(self.value) <= LARGEST:
            raise ValueError(f"{self._named()} is beyond {LARGEST:,.0f}, or not a number")
        return float(self.value)

    def whole(self, low: int = -int(LARGEST), high: int = int(LARGEST)) -> int:
        """Take a whole number from ``low`` to ``high``."""
        number = self.number()
        if not number.is_integer() or not low <= number <= high:
            raise self._not(f"a whole number from {low:,} to {high:,}")
        return int(number)

    def key(self) -> int | str:
        """Take what identifies an entry: a whole number or text."""
        return self.value if isinstance(self.value, str) else self.whole()

    def texts(self) -> tuple[str, ...]:
        """Take a list of texts."""
        return tuple(one.text() for one in self.each())

    def numbers(self, *shape: int) -> NDArray[np.float64]:
        """Take a list of numbers, in lists or not, and lay them out in ``shape``, -1 for any."""
        listed = self._of(list, "a list")
        try:
            array = np.array(listed) if listed else np.empty(0)
            floats = array.astype(np.float64) if array.dtype.kind in "iuf" else None
        except (ValueError, OverflowError, TypeError) as error:
            raise self._not("a list of numbers") from error
        if floats is None or not (np.abs(floats) <= LARGEST).all():
            raise ValueError(
                f"{self._named()} is not a list of finite numbers up to {LARGEST:,.0f}"
            )
        try:
            laid: NDArray[np.float64] = floats.reshape(shape)
        except ValueError as error:
            raise ValueError(f"{self._named()} does not hold numbers of shape {shape}") from error
        return laid

    def _of(self, kind: type, called: str) -> Any:
        if type(self.value) is not kind:
            raise self._not(called)
        return self.value

    def _not(self, called: str) -> ValueError:
        return ValueError(f"{self._named()} is {_shown(self.value)}, not {called}")

    def _named(self) -> str:
        return self.place or "the whole"


def read_json_value(content: bytes) -> Value:
    """Read JSON; ``ValueError`` where it is none, or nested too deep."""
    try:
        return Value(json.loads(content))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "a list"
    text = json.dumps(value) if not isinstance(value, int) or abs(value) < 2**64 else "huge"
    return text if len(text) <= 60 else f"{text[:57]}..."

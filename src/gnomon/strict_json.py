"""Read JSON that somebody else wrote: strict, finite and typed.

What a file says is converted to the dataclass that it should hold, field by field, by msgspec; a
value of another type is an error that names its place.
"""

import json
import math
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_MAY_OVERFLOW = re.compile(rb"[eE]\+?[0-9]{3}|[0-9]{200}")
"""Only such numbers may be beyond float64; to look at each one takes ten times as long."""


def parse(content: bytes) -> Any:
    """Parse JSON; bytes that are not UTF-8 become surrogates, as in file names.

    Raises ``ValueError`` for what is not JSON, for NaN and numbers that no float64 holds, and for
    nesting that is deeper than Python can follow.

    >>> parse(b'{"x": [1, 2.5, null]}')
    {'x': [1, 2.5, None]}
    """
    try:
        return json.loads(
            content.decode("utf-8", "surrogateescape"),
            parse_constant=_refused,
            parse_float=_finite if _MAY_OVERFLOW.search(content) else None,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def typed(value: object, kind: type[T]) -> T:
    """Convert parsed JSON to ``kind``, a dataclass or any other type that msgspec knows.

    Raises ``ValueError`` where a field is missing or of another type, and what the dataclass itself
    raises.

    >>> typed([1, 2], tuple[int, int])
    (1, 2)
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "'")) from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_as(content: bytes, kind: type[T]) -> T:
    """Parse JSON and convert it to ``kind``; see `parse` and `typed`."""
    return typed(parse(content), kind)


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large for a number")
    return value

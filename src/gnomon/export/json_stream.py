"""JSON of any length, written piece by piece."""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import TextIO


def number(value: float) -> float | None:
    """Return a number as JSON can hold it: what is not finite is null."""
    return float(value) if isfinite(value) else None


def write_object(file: TextIO, fields: Mapping[str, object]) -> None:
    """Write an object; a field that is an iterator becomes an array, one element a line."""
    file.write("{")
    for count, (name, value) in enumerate(fields.items()):
        file.write(f"{',' if count else ''}\n{json.dumps(name)}: ")
        if isinstance(value, Iterator):
            write_array(file, value)
        else:
            file.write(_dumps(value))
    file.write("\n}\n")


def write_array(file: TextIO, elements: Iterable[object]) -> None:
    """Write an array, one element a line."""
    file.write("[")
    for count, element in enumerate(elements):
        file.write(f"{',' if count else ''}\n{_dumps(element)}")
    file.write("\n]")


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)

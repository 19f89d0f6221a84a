"""Hostile files: what a field may hold, what must not come of it, and in which bounds.

``mutations`` changes one field of a JSON value at a time, ``as_json`` writes what comes of it,
``watched`` and ``unchanged`` find out what reading it did, ``limited`` bounds time and memory, and
``settled`` accepts a result or one sentence.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from bounds import limited
from watching import MARK, unchanged, watched

from gnomon.errors import GnomonError

__all__ = [
    "HOSTILE_VALUES",
    "MARK",
    "Raw",
    "as_json",
    "limited",
    "mutations",
    "settled",
    "unchanged",
    "watched",
]

LONGEST = 1200
"""How many letters a sentence may have at most."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that stands in a JSON file as it is, where no Python value gives it."""

    text: str


DEEP = 100_000
HOSTILE_VALUES: Mapping[str, object] = {
    "null": None,
    "true": True,
    "text": "x",
    "no text": "",
    "minus 5": -5,
    "zero": 0,
    "a fraction": 0.5,
    "10^9": 10**9,
    "2^31": 2**31,
    "2^63": 2**63,
    "-2^63 - 1": -(2**63) - 1,
    "400 digits": Raw("9" * 400),
    "5000 digits": Raw("9" * 5000),
    "1e300": 1e300,
    "1e400": Raw("1e400"),
    "-1e400": Raw("-1e400"),
    "NaN": float("nan"),
    "infinity": float("inf"),
    "a list": [],
    "a list of lists": [[[1]], [2]],
    "an object": {},
    "an object in an object": {"a": {"b": None}},
    "nested lists": Raw("[" * DEEP + "]" * DEEP),
    "nested objects": Raw('{"a":' * DEEP + "1" + "}" * DEEP),
    "a path up": "../../../../../../etc/hostname",
    "a path up on Windows": "..\\..\\mine\\precious",
    "an absolute path": "/etc/hostname",
    "a device": "/dev/zero",
    "a URL": "http://127.0.0.1:9/pixel.png",
    "a file's URL": "file:///etc/hostname",
    "a chained URL": "simplecache::http://127.0.0.1:9/pixel.png",
    "a hub's name": "hf/somebody/hostile",
    "a plug": f"{MARK}:run",
    "a plug of a shell": f"os:system:touch {MARK}",
    "a plug of a file": f"runpy:run_path:{MARK}.py",
    "markup": "<script>alert(1)</script>[bold]&amp;",
    "a template": "{{ 7 * 7 }}${x}%s{0}",
    "mathtext": "$\\bad{$",
    "a formula": "=HYPERLINK(1)",
    "control characters": "\x1b[31m\r\n\t\x07",
    "a zero byte": "a\x00b",
    "half a character": "\ud800",
    "backwards": "\u202egnp.exe",
    "a long text": "a" * 200_000,
}
"""What each field is set to in turn, by what it is."""


def mutations(
    value: object, values: Mapping[str, object] = HOSTILE_VALUES
) -> Iterator[tuple[str, object]]:
    """Change one thing at a time: each field of a JSON value gets each hostile value, and goes.

    Yields what was changed, as "images.0.id: null", and a copy of the value with that change. Of a
    list only the first element is changed, for the others are like it. The value itself comes last.
    """
    for path in _places(value):
        name = ".".join(map(str, path))
        for what, hostile in values.items():
            yield f"{name}: {what}", _with(value, path, hostile)
        yield f"{name}: missing", _without(value, path)
    for what, hostile in values.items():
        yield f"all: {what}", hostile


def as_json(value: object) -> bytes:
    """Write a value as JSON, with the raw texts in it as they are."""
    raw: dict[str, str] = {}

    def held(one: object) -> str:
        if not isinstance(one, Raw):
            raise TypeError(type(one).__name__)
        raw[mark := f"raw text {len(raw)}"] = one.text
        return mark

    text = json.dumps(value, default=held)
    for mark, instead in raw.items():
        text = text.replace(f'"{mark}"', instead)
    return text.encode()


def settled(work: Callable[[], object]) -> str | None:
    """Do it; ``None`` for a result, the sentence of a ``GnomonError``, and nothing else may come.

    The sentence is one line of plain, printable text that is not endless.
    """
    try:
        work()
        return None
    except GnomonError as error:
        said = str(error)
    assert 0 < len(said) <= LONGEST, f"a sentence of {len(said)} letters: {said[:200]}"
    assert not [one for one in said if ord(one) < 32 or ord(one) == 127], repr(said)
    return said


Path_ = tuple[str | int, ...]


def _places(value: object, here: Path_ = ()) -> Iterator[Path_]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*here, key)
            yield from _places(inner, (*here, key))
    elif isinstance(value, list) and value:
        yield (*here, 0)
        yield from _places(value[0], (*here, 0))


def _home(value: object, path: Path_) -> tuple[Any, Any]:
    copy = home = deepcopy(value)
    for step in path[:-1]:
        home = home[step]  # type: ignore[index]  # a path of `_places` leads through containers
    return copy, home


def _with(value: object, path: Path_, hostile: object) -> object:
    copy, home = _home(value, path)
    home[path[-1]] = deepcopy(hostile)
    return copy


def _without(value: object, path: Path_) -> object:
    copy, home = _home(value, path)
    del home[path[-1]]
    return copy

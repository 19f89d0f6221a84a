from dataclasses import dataclass
from typing import Annotated

import pytest
from msgspec import Meta

from gnomon.errors import SettingError
from gnomon.presets import Settings
from gnomon.strict_json import parse, read_as, typed


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    sides: tuple[float, float]
    count: Annotated[int, Meta(ge=0)] = 0


def test_a_sound_value_becomes_the_dataclass() -> None:
    assert read_as(b'{"name": "a", "sides": [1, 2.5]}', Box) == Box("a", (1.0, 2.5))
    assert parse(b'"\\u00e9 \xc3\xa9 \xff"') == "é é \udcff"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"sides": [1, 2]}', "name"),
        (b'{"name": 3, "sides": [1, 2]}', "Expected 'str', got 'int'"),
        (b'{"name": "a", "sides": [1]}', "length 2"),
        (b'{"name": "a", "sides": [1, true]}', r"got 'bool' - at '\$\.sides\[1\]"),
        (b'{"name": "a", "sides": [1, 2], "count": -1}', ">= 0"),
        (b'{"name": "a", "sides": [1, NaN]}', "NaN is not a number"),
        (b'{"name": "a", "sides": [1, -Infinity]}', "-Infinity is not a number"),
        (b'{"name": "a", "sides": [1, 1e400]}', "1e400 is too large"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"9" * 5000, "digits"),
        (b"", "Expecting value"),
        (b"\x00", "Expecting value"),
        (b"[1]", "Expected 'object', got 'array'"),
    ],
)
def test_what_is_wrong_is_named(text: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_as(text, Box)


def test_a_dataclass_checks_its_own_values() -> None:
    assert typed({"keep": 0.5}, Settings) == Settings(keep=0.5)
    with pytest.raises(SettingError, match=r"keep is 2\.0"):
        typed({"keep": 2}, Settings)

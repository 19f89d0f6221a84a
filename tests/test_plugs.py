"""Plugs by name, from inside and from outside."""

import math

import pytest

from gnomon.errors import SettingError
from gnomon.plugs import plugged

KNOWN: dict[str, object] = {"ceil": math.ceil, "floor": math.floor}


def test_a_known_name_comes_before_an_import() -> None:
    assert plugged("rounding", "ceil", KNOWN) is math.ceil
    assert plugged("rounding", "a:b", {"a:b": math.floor}) is math.floor


def test_a_name_from_outside_is_imported() -> None:
    assert plugged("rounding", "math:trunc", KNOWN) is math.trunc


def test_an_attribute_may_lie_deeper() -> None:
    assert plugged("conversion", "builtins:float.fromhex", {"int": int})("0x10") == 16


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("flor", "unknown rounding 'flor'; did you mean 'floor'.*package.module:name"),
        ("no_such_module:f", "cannot import 'no_such_module'"),
        (":f", "cannot import ''"),
        ("math:no_such", "'math' has no callable 'no_such'"),
        ("math:", "'math' has no callable ''"),
        ("math:pi", "'math' has no callable 'pi'"),
    ],
)
def test_what_is_not_there_is_said(name: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        plugged("rounding", name, KNOWN)

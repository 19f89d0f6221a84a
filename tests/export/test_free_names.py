"""No two files of an export differ only in case, in an ending where that counts, or in how they
compose a letter."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.export.free_names import FreeNames


@pytest.mark.parametrize(
    ("names", "endings", "wanted"),
    [
        (["a.jpg", "A.jpg"], True, ["a.jpg", "A-2.jpg"]),
        (["a.jpg", "a.png"], True, ["a.jpg", "a.png"]),
        (["a.jpg", "a.png", "A.JPG"], False, ["a.jpg", "a-2.png", "A-3.JPG"]),
        (["x/a.jpg", "X/a.jpg", "y/a.jpg"], True, ["x/a.jpg", "X/a-2.jpg", "y/a.jpg"]),
        (["a.jpg", "A.jpg", "a-2.jpg"], True, ["a.jpg", "A-2.jpg", "a-2-2.jpg"]),
        (["straße.jpg", "STRASSE.jpg"], True, ["straße.jpg", "STRASSE-2.jpg"]),
        (["\u00e9.jpg", "E\u0301.jpg"], True, ["\u00e9.jpg", "E\u0301-2.jpg"]),
        (["a.b/c", "a.B/c"], False, ["a.b/c", "a.B/c-2"]),
    ],
)
def test_a_name_that_is_taken_gets_a_number(
    names: Sequence[str], endings: bool, wanted: Sequence[str]
) -> None:
    free = FreeNames(endings=endings)
    assert [free.take(name) for name in names] == wanted


@given(st.lists(st.text("aAéÉ-2.", min_size=1).filter(lambda name: name.strip(".")), max_size=8))
@settings(derandomize=True, deadline=None)
def test_all_differ(names: list[str]) -> None:
    free = FreeNames()
    assert len({free.take(name).casefold() for name in names}) == len(names)

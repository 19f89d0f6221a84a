"""Any text becomes the name of a file, and different texts different names."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.disk import Folder, safe_name, safe_path
from gnomon.disk.names import steps

TEXTS = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["", ".", "..", "../x", "/", "a/b", "a\\b", "a\0b", "\n", "x" * 300, "é" * 200, "\ud800", "~"]
)


@given(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_names_are_usable_and_differ_as_their_texts_do(texts: list[str]) -> None:
    names = [safe_name(text) for text in texts]
    names += [safe_name(name) for name in names if name not in texts]
    assert len(set(names)) == len(names)
    with TemporaryDirectory() as place:
        for name in names:
            assert steps(name) == (name,)
            Folder(place).create(name).close()
        assert set(os.listdir(place)) == set(names)


@pytest.mark.parametrize("name", ["a.jpg", "a b/größe & <1>.jpg", "100%.png", "a%20b.jpg", ".x"])
def test_ordinary_names_stay_what_they_are(name: str) -> None:
    assert safe_path(name) == name


@given(TEXTS)
@settings(derandomize=True, deadline=None, max_examples=100)
def test_a_path_stays_below(text: str) -> None:
    root = Path("/somewhere/run")
    found = os.path.normpath(root / safe_path(text))
    assert found.startswith(f"{root}/")
    assert steps(safe_path(text))


def test_an_ending_is_kept() -> None:
    assert safe_name("../../mine/precious.png").endswith(".png")
    assert len(safe_name("x" * 300 + ".jpeg").encode()) < 255

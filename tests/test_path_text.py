"""Names of files are bytes: what is no UTF-8 of them is text by one rule, and comes back."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gnomon.path_text import last_step, path_text, readable, text_path

PIECES = st.sampled_from(
    [b"\\", b"x", b"5c", b"e9", b"\\xe9", b"\\x5c", b"\xe9", b"\xc3", b"\xa9", "é".encode(), b"a/"]
)
NAMES = st.one_of(st.binary(min_size=1), st.lists(PIECES).map(b"".join))


@given(NAMES.filter(lambda name: b"\0" not in name))
@example(b"\\x5cxe9\\\xe9")
@settings(derandomize=True, deadline=None, max_examples=500)
def test_every_name_comes_back(name: bytes) -> None:
    text = path_text(os.fsdecode(name))
    assert os.fsencode(text_path(text)) == name
    assert text.encode("utf-8").decode("utf-8") == text


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "\\" not in text))
@settings(derandomize=True, deadline=None)
def test_a_name_in_utf_8_is_the_text_that_it_is(name: str) -> None:
    assert path_text(name) == text_path(name) == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"caf\xe9.jpg", r"caf\xe9.jpg"),
        (rb"caf\xe9.jpg", r"caf\x5cxe9.jpg"),
        (rb"caf\x5c.jpg", r"caf\x5cx5c.jpg"),
        (rb"a\b\x41\xE9.jpg", r"a\b\x41\xE9.jpg"),
        (b"\\\xe9", r"\\xe9"),
        ("größe \xe9".encode("latin-1"), r"gr\xf6\xdfe \xe9"),
        ("größe/".encode() + "größe".encode("latin-1"), r"größe/gr\xf6\xdfe"),
    ],
)
def test_what_is_written(name: bytes, text: str) -> None:
    assert path_text(os.fsdecode(name)) == text
    assert os.fsencode(text_path(text)) == name


@pytest.mark.parametrize(
    ("text", "last"),
    [
        (r"photos/caf\xe9.jpg", r"caf\xe9.jpg"),
        (r"photos/\xe9\xe8.jpg", r"\xe9\xe8.jpg"),
        (r"photos/caf\x5cxe9.jpg", r"caf\x5cxe9.jpg"),
        (r"C:\photos\a.jpg", "a.jpg"),
        ("a.jpg", "a.jpg"),
    ],
)
def test_the_last_step_is_the_name_of_the_file(text: str, last: str) -> None:
    assert last_step(text) == last


def test_a_sentence_has_the_bytes_of_names_in_it_readable() -> None:
    assert readable("caf\udce9.jpg: a\\b, größe") == r"caf\xe9.jpg: a\b, größe"

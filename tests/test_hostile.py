"""The support for hostile files sees what it is to see."""

import json
import os
import runpy
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hostile import HOSTILE_VALUES, as_json, limited, mutations, settled, unchanged, watched

from gnomon.errors import GnomonError


def test_each_field_gets_each_hostile_value_and_goes() -> None:
    value = {"images": [{"id": 1}, {"id": 2}], "name": "n"}
    found = dict(mutations(value))
    places = ("images", "images.0", "images.0.id", "name")
    assert len(found) == len(places) * (len(HOSTILE_VALUES) + 1) + len(HOSTILE_VALUES)
    assert found["images.0.id: null"] == {"images": [{"id": None}, {"id": 2}], "name": "n"}
    assert found["images.0: missing"] == {"images": [{"id": 2}], "name": "n"}
    assert found["all: null"] is None
    assert value == {"images": [{"id": 1}, {"id": 2}], "name": "n"}


def test_raw_text_stands_in_the_json() -> None:
    found = dict(mutations({"a": "raw text 0"}))
    assert as_json(found["a: 1e400"]) == b'{"a": 1e400}'
    assert json.loads(as_json(found["a: 400 digits"])) == {"a": int("9" * 400)}
    assert as_json(found["a: nested lists"]).startswith(b'{"a": [[[[')


def _by_handle(outside: Path) -> None:
    folder = os.open(outside, os.O_RDONLY)
    os.close(os.open("b", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    os.unlink("b", dir_fd=folder)
    os.close(folder)


def _by_link(outside: Path) -> None:
    (outside.parent / "in" / "link").symlink_to(outside)
    (outside.parent / "in" / "link" / "a").write_text("b")


DEEDS: dict[str, Callable[[Path], object]] = {
    "open to write": lambda outside: (outside / "b").write_text(""),
    "os.remove": lambda outside: (outside / "a").unlink(),
    "os.rename": lambda outside: (outside / "a").rename(outside / "c"),
    "os.mkdir": lambda outside: (outside / "d").mkdir(),
    "out/b": _by_handle,
    "out/a": _by_link,
    "ran": lambda outside: runpy.run_path(str(outside.parent / "in" / "code.py")),
    "os.system": lambda _: os.system("true"),
    "subprocess.Popen": lambda _: subprocess.run(["true"], check=True),
    "socket.": lambda _: socket.create_connection(("127.0.0.1", 9), timeout=1),
    "import hostile_mark": lambda _: __import__("hostile_mark"),
}


@pytest.mark.parametrize("said", DEEDS)
def test_what_must_not_be_done_is_seen(said: str, tmp_path: Path) -> None:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "out" / "a").write_text("a")
    (tmp_path / "in" / "code.py").write_text("1")
    inside = watched([tmp_path / "in"])
    with pytest.raises(AssertionError, match=said), inside, suppress(OSError, ImportError):
        DEEDS[said](tmp_path / "out")


def test_what_is_allowed_is_not_reported(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a")
    (tmp_path / "in").mkdir()
    handle = os.open(tmp_path / "in", os.O_RDONLY)
    with watched([tmp_path / "in"]), unchanged(tmp_path / "out"), limited():
        (tmp_path / "in" / "a").write_text("a")
        (tmp_path / "out").read_text()
        os.close(os.open("b", os.O_WRONLY | os.O_CREAT, dir_fd=handle))
        os.rename("b", "c", src_dir_fd=handle, dst_dir_fd=handle)
        os.unlink("c", dir_fd=handle)
    os.close(handle)


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(AssertionError, match=r"changed: .*a"), unchanged(tmp_path):
        (tmp_path / "a").write_text("b")


def _compute(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass


def test_time_and_memory_are_bounded() -> None:
    with pytest.raises(AssertionError, match="computed for more than"), limited(seconds=0.05):
        _compute(120)
    with pytest.raises(AssertionError, match="MB of memory"), limited(megabytes=50):
        bytearray(200 * 2**20)
    with pytest.raises(MemoryError), limited(megabytes=50):
        bytearray(3 * 2**30)


def test_a_result_or_one_sentence() -> None:
    def fails(error: Exception) -> Callable[[], None]:
        def work() -> None:
            raise error

        return work

    assert settled(lambda: 1) is None
    assert settled(fails(GnomonError("a sentence"))) == "a sentence"
    with pytest.raises(KeyError):
        settled(fails(KeyError("a")))
    with pytest.raises(AssertionError):
        settled(fails(GnomonError("")))

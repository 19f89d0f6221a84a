"""Whatever lies in a folder, nothing outside it is read, written or removed."""

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon.disk import Batch, Folder, RefusedError, here

HOSTILE = ["link", "linked/secret", "linked/new", "fifo", "device", "socket", "deep/link"]
NAMES = ["../secret", "/etc/passwd", "a/../../secret", "", ".", "..", "a//b", "a\0b", "a/", "./a"]
OPERATIONS: dict[str, Callable[[Folder, str], object]] = {
    "read": lambda folder, name: folder.read(name),
    "size": lambda folder, name: folder.size(name),
    "exists": lambda folder, name: folder.exists(name),
    "write": lambda folder, name: folder.write(name, b"new"),
    "append": lambda folder, name: folder.append(name, b"new"),
    "create": lambda folder, name: folder.create(name).close(),
    "hold": lambda folder, name: folder.held(name, wait=False).__enter__(),
    "batch": lambda folder, name: Batch(folder).write(name, b"new"),
}


@pytest.fixture
def hostile(tmp_path: Path) -> Folder:
    """Give a folder in which every name of HOSTILE is what it says, beside a file of the user's."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "secret").write_text("mine")
    root = tmp_path / "run"
    (root / "deep").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path / "mine" / "secret")
    (root / "deep" / "link").symlink_to("../../mine/secret")
    (root / "linked").symlink_to(tmp_path / "mine")
    os.mkfifo(root / "fifo")
    (root / "device").symlink_to("/dev/zero")
    os.mknod(root / "socket", 0o140600)
    return Folder(root)


def untouched(tmp_path: Path) -> bool:
    files = {path.name: path.read_text() for path in (tmp_path / "mine").iterdir()}
    return files == {"secret": "mine"}


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_link_and_no_device_is_followed(
    hostile: Folder,
    operation: str,
    relative: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With paths relative to open folders, and as on a system that knows none."""
    monkeypatch.setattr(here, "RELATIVE", relative and here.RELATIVE)
    for name in HOSTILE:
        with pytest.raises(RefusedError):
            OPERATIONS[operation](hostile, name)
        assert untouched(tmp_path), name


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_none(
    hostile: Folder, operation: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match="no name of a file"):
        OPERATIONS[operation](hostile, name)
    assert untouched(tmp_path)


def test_removing_removes_the_link_itself(hostile: Folder, tmp_path: Path) -> None:
    hostile.remove("link")
    with pytest.raises(RefusedError):
        hostile.remove("linked/secret")
    with pytest.raises(RefusedError):
        hostile.names("linked")
    (tmp_path / "mine" / f".a.{'0' * 32}.part").touch()
    hostile.sweep()
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {
        "secret",
        f".a.{'0' * 32}.part",
    }
    assert "link" not in hostile.names()


def test_the_path_that_the_user_gave_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    Folder(tmp_path / "link").write("a/b", b"new")
    assert (tmp_path / "real" / "a" / "b").read_bytes() == b"new"
    Folder(tmp_path / "link" / "not" / "there").write("c", b"new")
    assert (tmp_path / "real" / "not" / "there" / "c").read_bytes() == b"new"


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"exists"}))
def test_what_is_swapped_for_a_link_after_it_was_looked_at_is_not_followed(
    hostile: Folder, operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another process put the link there between the look and the opening."""
    if not here.RELATIVE:
        pytest.skip("this system knows no paths relative to an open folder")
    monkeypatch.setattr(here, "_is_link", lambda found: False)
    monkeypatch.setattr(stat, "S_ISREG", lambda mode: True)
    for name in ("link", "linked/secret", "linked/new", "deep/link"):
        if operation in ("write", "batch") and "linked" not in name:
            continue  # A rename puts the new file in the link's own place.
        with pytest.raises(OSError, match=r"link|Not a directory|File exists"):
            OPERATIONS[operation](hostile, name)
        assert untouched(tmp_path), name


def test_a_file_with_another_name_elsewhere_is_not_added_to(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "run").mkdir()
    os.link(tmp_path / "mine", tmp_path / "run" / "a")
    folder = Folder(tmp_path / "run")
    with pytest.raises(RefusedError, match="hard link"):
        folder.append("a", b"new")
    folder.write("a", b"new")
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_file_is_whole_or_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)
    folder.write("a", b"old")
    with pytest.raises(TypeError), folder.writing("a") as file:
        file.writelines([b"new", "no bytes"])  # type: ignore[list-item]  # the fault
    assert (folder.read("a"), os.listdir(tmp_path)) == (b"old", ["a"])

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.write("new/b", b"new")
    assert os.listdir(tmp_path) == ["a"], "nor is the folder left that was made for it"


def test_several_files_appear_together_or_none(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("a", b"old")
    folder.write("gone", b"old")
    files = Batch(folder)
    files.write("a", b"new")
    files.write("new/b", b"new")
    files.remove("gone")
    files.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert sorted(os.listdir(tmp_path)) == ["a", "gone"]
    assert folder.read("a") == b"old"
    with Batch(folder) as files:
        files.write("a", b"new")
        files.write("new/b", b"new")
        files.remove("gone")
        assert folder.read("a") == b"old"
    assert (folder.read("a"), folder.read("new/b")) == (b"new", b"new")
    assert sorted(os.listdir(tmp_path)) == ["a", "new"]


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("a", b"12345")
    assert folder.read("a", 5) == b"12345"
    with pytest.raises(RefusedError, match="larger than the 4 bytes"):
        folder.read("a", 4)


def test_a_held_file_is_held_alone_and_not_left_empty(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "run")
    with folder.held("a", wait=False), pytest.raises(BlockingIOError), folder.held("a", wait=False):
        pass
    assert not (tmp_path / "run").exists()
    with folder.held("a", wait=True) as file:
        file.write(b"x")
    assert folder.read("a") == b"x"


def test_one_who_waits_for_a_file_that_is_removed_holds_a_new_one(tmp_path: Path) -> None:
    folder, order = Folder(tmp_path), []

    def wait() -> None:
        with folder.held("a", wait=True) as file:
            order.append("second")
            file.write(b"2")

    with folder.held("a", wait=True):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert folder.read("a") == b"2"

"""A name in somebody else's file stays in its folder, and only regular files are read."""

import os
from pathlib import Path

import pytest

from gnomon.foreign import inside, open_regular, read_regular


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder with links that stay in it and links that lead out of it."""
    home, mine = tmp_path / "home", tmp_path / "mine"
    (home / "deep" / "deeper").mkdir(parents=True)
    mine.mkdir()
    for place in (home / "a.jpg", home / "deep" / "a.jpg", mine / "a.jpg"):
        place.write_bytes(b"pixels")
    (home / "link.jpg").symlink_to("a.jpg")
    (home / "near").symlink_to("deep")
    (home / "out.jpg").symlink_to(mine / "a.jpg")
    (home / "out").symlink_to(mine)
    (home / "deep" / "out").symlink_to(mine)
    (home / "deep" / "deeper" / "out.jpg").symlink_to("../../../mine/a.jpg")
    return home


@pytest.mark.parametrize("name", ["a.jpg", "deep/a.jpg", "link.jpg", "near/a.jpg", "not/there"])
def test_what_stays_in_the_folder_is_taken(home: Path, name: str) -> None:
    assert inside(home, name) == home / name


@pytest.mark.parametrize("name", ["out.jpg", "out/a.jpg", "deep/out/a.jpg", "deep/deeper/out.jpg"])
def test_a_link_that_leads_out_is_refused_wherever_it_is(home: Path, name: str) -> None:
    assert (home / name).read_bytes() == b"pixels"
    with pytest.raises(ValueError, match=r"leads out of .* by a link"):
        inside(home, name)


@pytest.mark.parametrize("name", ["", ".", "/", "/etc/passwd", "../mine/a.jpg", "a\\..\\b", "a\0"])
def test_what_names_no_file_below_is_refused(home: Path, name: str) -> None:
    with pytest.raises(ValueError, match="does not name a file"):
        inside(home, name)


def test_the_folder_itself_may_be_a_link(home: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(home)
    assert inside(tmp_path / "other", "link.jpg") == tmp_path / "other" / "link.jpg"


def test_only_a_regular_file_is_read(home: Path) -> None:
    os.mkfifo(home / "fifo")
    assert read_regular(home / "a.jpg") == b"pixels"
    for name in ("fifo", "deep", "absent", "a\0"):
        with pytest.raises(OSError, match=r"not a regular file|No such file|is no path|directory"):
            open_regular(home / name)

"""The review is written into its own file of the run, and into no other."""

import os
import resource
from pathlib import Path

import pytest

from gnomon.errors import RunError
from gnomon.runs import Event, ReviewFile, read_review

KEY = "0123456789abcdef"


def accepted(rank: int) -> Event:
    return Event(kind="accepted", image_id=KEY, points=(rank,))


@pytest.mark.parametrize("content", ["mine, one line without an end", "{mine", "", "two\nlines\n"])
def test_a_review_that_is_a_link_is_refused_and_nothing_is_cut(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "mine").write_text(content)
    (tmp_path / "run" / "review.jsonl").symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match="leads out of its folder by a link"):
        ReviewFile(tmp_path / "run")
    with pytest.raises(RunError, match="leads out of its folder by a link"):
        read_review(tmp_path / "run")
    assert (tmp_path / "mine").read_text() == content


def test_a_link_that_is_planted_later_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "mine").write_text("mine")
    review = ReviewFile(tmp_path / "run")
    (tmp_path / "run" / "review.jsonl").symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match="link"):
        review.record(accepted(1))
    (tmp_path / "run" / "review.jsonl").unlink()
    os.link(tmp_path / "mine", tmp_path / "run" / "review.jsonl")
    with pytest.raises(RunError, match="link"):
        review.record(accepted(1))
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_is_no_line_of_a_review_is_not_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    for content in ("mine, one line without an end", accepted(1).line().decode() + "mine"):
        path.write_text(content)
        with pytest.raises(RunError, match="move it away"):
            ReviewFile(tmp_path).record(accepted(2))
        assert path.read_text() == content


def test_the_user_may_name_the_file_by_a_link(tmp_path: Path) -> None:
    ReviewFile(tmp_path).record(accepted(1))
    (tmp_path / "link").symlink_to("review.jsonl")
    assert len(read_review(tmp_path / "link").events) == 1


def test_an_event_that_the_disk_has_no_room_for_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    review = ReviewFile(tmp_path)
    review.record(accepted(1))
    path = tmp_path / "review.jsonl"
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))
    try:
        with pytest.raises(RunError, match="cannot be written: File too large"):
            review.record(accepted(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    review.record(accepted(3))
    assert [event.points for event in read_review(tmp_path).events] == [(1,), (3,)]


def test_nothing_is_left_of_an_event_that_was_none(tmp_path: Path) -> None:
    assert ReviewFile(tmp_path).undo() is None
    assert os.listdir(tmp_path) == []

"""A review survives what happens to the page, and says of each point what stands."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.errors import RunError
from gnomon.runs import Event, Review, ReviewFile, read_review
from gnomon.tables import KEYPOINTS

IMAGE = "a" * 16
POINTS = 4


def detected() -> pa.Table:
    ranks = np.arange(1, POINTS + 1)
    floats = {one.name: ranks / 10 for one in KEYPOINTS if pa.types.is_floating(one.type)}
    known = {
        "image_id": [IMAGE] * POINTS,
        "rank": ranks,
        "refined": ranks > 2,
        "kind": ["map", "map", "corner", "blob"],
        "proved": ranks > 3,
        "part": np.full(POINTS, 3),
    }
    return pa.table(known | floats, schema=KEYPOINTS)


def event(kind: str, *points: int, **more: Any) -> Event:
    return Event(kind=kind, image_id=IMAGE, points=points, **more)  # type: ignore[arg-type]  # a word, not a literal


def test_without_events_the_rows_stay_and_are_unseen() -> None:
    rows = Review().apply(IMAGE, detected())
    assert rows.select(KEYPOINTS.names).equals(detected())
    assert rows["verdict"].to_pylist() == ["unseen"] * POINTS
    assert rows["name"].to_pylist() == [None] * POINTS
    assert rows["origin"].to_pylist() == ["detected"] * POINTS


def test_each_kind_of_event_does_what_it_says() -> None:
    review = Review(
        [
            event("accepted", 1, 4),
            event("rejected", 2, 4),
            event("moved", 3, x=7.5, y=-2.0),
            event("added", 5, x=1.0, y=2.0, name="beak"),
            event("named", 1, name="eye"),
            event("moved", 5, x=3.0, y=4.0),
        ]
    )
    rows = review.apply(IMAGE, detected()).to_pylist()
    assert [row["verdict"] for row in rows] == [
        "accepted", "rejected", "accepted", "rejected", "accepted",
    ]  # fmt: skip
    assert [row["name"] for row in rows] == ["eye", None, None, None, "beak"]
    assert [row["origin"] for row in rows] == ["detected"] * 2 + ["moved", "detected", "added"]
    moved, added = rows[2], rows[4]
    assert (moved["x"], moved["y"], moved["refined"]) == (7.5, -2.0, False)
    assert np.isnan(moved["cov_xx"])
    assert moved["score"] == 0.3
    assert (added["x"], added["y"], added["rank"], added["part"]) == (3.0, 4.0, 5, -1)
    assert np.isnan([added["score"], added["coarse"], added["fine"], added["cov_xy"]]).all()
    assert rows[0]["x"] == 0.1
    assert review.images == {IMAGE}


def test_an_empty_name_takes_a_name_away() -> None:
    review = Review([event("named", 1, name="eye"), event("named", 1, name="")])
    assert review.apply(IMAGE, detected())["name"][0].as_py() is None


def test_undo_goes_back_step_by_step_and_writes_what_it_did(tmp_path: Path) -> None:
    review = ReviewFile(tmp_path)
    review.record(event("accepted", 1))
    review.record(event("moved", 1, x=0, y=0))
    undone = review.undo()
    assert undone is not None
    assert undone.kind == "moved"
    row = read_review(tmp_path).apply(IMAGE, detected()).to_pylist()[0]
    assert (row["verdict"], row["x"], row["origin"]) == ("accepted", 0.1, "detected")
    assert review.undo() is not None
    assert review.undo() is None
    assert read_review(tmp_path).images == frozenset()
    assert len((tmp_path / "review.jsonl").read_text().splitlines()) == 4


def test_a_torn_last_line_is_ignored_and_written_over(tmp_path: Path) -> None:
    review = ReviewFile(tmp_path)
    for rank in (1, 2, 3):
        review.record(event("accepted", rank))
    path = tmp_path / "review.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert len(read_review(path).events) == 2
    ReviewFile(tmp_path).record(event("rejected", 3))
    assert [one.kind for one in read_review(tmp_path).events] == ["accepted"] * 2 + ["rejected"]


@given(cut=st.integers(0, 400))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_cut_anywhere_the_whole_lines_remain(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    review = ReviewFile(folder)
    for rank in (1, 2, 3, 4):
        review.record(event("named", rank, name="é"))
    path = folder / "review.jsonl"
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    assert len(read_review(folder).events) == content.count(b"\n")


def test_two_pages_on_one_run_take_in_each_other(tmp_path: Path) -> None:
    one, other = ReviewFile(tmp_path), ReviewFile(tmp_path)
    one.record(event("accepted", 1))
    other.record(event("rejected", 2))
    one.refresh()
    assert len(one.events) == len(other.events) == 2
    one.undo()
    other.refresh()
    assert other.apply(IMAGE, detected())["verdict"].to_pylist()[:2] == ["accepted", "unseen"]


WRITER = """
import sys
from pathlib import Path
from gnomon.runs import Event, ReviewFile
review = ReviewFile(Path(sys.argv[1]))
IMAGE = "a" * 16
def new():
    ranks = [rank for one in review.events for rank in one.points]
    return Event(kind="added", image_id=IMAGE, points=(max(ranks, default=4) + 1,), x=1, y=1)
for _ in range(60):
    review.write(new)
    review.record(Event(kind="accepted", image_id=IMAGE, points=(1,), name=sys.argv[2]))
    review.undo()
"""


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each adds 60 points under ranks of their own, accepts, and undoes what is last then."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "xy"
    ]
    assert [one.wait(timeout=120) for one in writers] == [0, 0]
    events = read_review(tmp_path).events
    assert len(events) == 2 * 3 * 60
    assert sorted(one.points[0] for one in events if one.kind == "added") == [*range(5, 125)]
    undone = [one.undoes for one in events if one.kind == "undone"]
    assert len(set(undone)) == 2 * 60


def test_the_lines_are_plain_json_that_others_can_read(tmp_path: Path) -> None:
    ReviewFile(tmp_path).record(event("moved", 2, x=1.5, y=2.5))
    line = json.loads((tmp_path / "review.jsonl").read_text())
    assert line.pop("at").endswith("+00:00")
    assert line == {"kind": "moved", "image_id": IMAGE, "points": [2], "x": 1.5, "y": 2.5}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2"),
        ('{"kind": "liked", "image_id": "aaaaaaaaaaaaaaaa", "points": [1]}', "'liked'"),
        ('{"kind": "moved", "image_id": "aaaaaaaaaaaaaaaa", "points": [1]}', "with x and y"),
        (
            '{"kind": "moved", "image_id": "aaaaaaaaaaaaaaaa", "points": [1], "x": NaN, "y": 1}',
            "NaN is not a number",
        ),
        ('{"kind": "accepted", "image_id": "aaaaaaaaaaaaaaaa"}', "names its points"),
        ('{"kind": "undone", "image_id": "aaaaaaaaaaaaaaaa"}', "undoes"),
        ('{"kind": "named", "image_id": "aaaaaaaaaaaaaaaa", "points": [1]}', "has a name"),
        ('{"kind": "undone", "image_id": "aaaaaaaaaaaaaaaa", "undoes": 7}', "event 7"),
        ("[1, 2]", "line 2"),
    ],
)
def test_a_file_that_is_no_review_gets_a_sentence(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "review.jsonl"
    path.write_bytes(event("accepted", 1).line() + line.encode() + b"\n")
    with pytest.raises(RunError, match=says):
        read_review(path)


def test_no_review_and_the_review_of_another_run_are_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="gnomon serve"):
        read_review(tmp_path)
    with pytest.raises(RunError, match="another run"):
        Review([event("accepted", 9)]).apply(IMAGE, detected())

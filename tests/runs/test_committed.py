"""What a part says of itself, and that a damaged one is never taken for an empty one."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from drawn import found_points

from gnomon.errors import RunError
from gnomon.runs.committed import Committed, Gathering, committed, settled
from gnomon.runs.reader import Failure
from gnomon.runs.spans import Span, overlapping, parts_of
from gnomon.runs.store import Store, open_store

FAILURE = Failure("2.jpg", "ImageError", "empty")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def commit(store: Store, span: Span) -> Committed:
    gathering = Gathering()
    gathering.add("0.jpg", found_points(3, 0))
    gathering.add("1.jpg", found_points(2, 1))
    gathering.fail(2, FAILURE)
    return gathering.commit(store, span)


def test_a_part_says_how_many_images_points_and_failures_it_has(store: Store) -> None:
    written = commit(store, Span(0, 2))
    assert (written.n_images, written.n_keypoints) == (2, 5)
    assert written.failures == ((2, FAILURE),)
    assert committed(store, Span(0, 2)) == written
    assert committed(store, Span(0, 3)) is None
    (together,) = settled(store, overlapping(parts_of(store)))
    assert (together.n_images, together.n_keypoints, together.attempt) == (2, 5, 0)
    assert together.failures == ((2, FAILURE),)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        lambda path: path.write_bytes(b""),
        lambda path: pq.write_table(pq.read_table(path).replace_schema_metadata({}), path),
    ],
)
def test_a_damaged_part_is_no_empty_one(
    store: Store, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    commit(store, Span(0, 2))
    (path,) = (tmp_path / "images").iterdir()
    damage(path)
    with pytest.raises(RunError, match=path.name):
        committed(store, Span(0, 2))
    with pytest.raises(RunError, match=path.name):
        list(settled(store, overlapping(parts_of(store))))


def test_a_part_that_vanishes_is_told(store: Store, tmp_path: Path) -> None:
    commit(store, Span(0, 2))
    groups = list(overlapping(parts_of(store)))
    (path,) = (tmp_path / "images").iterdir()
    path.unlink()
    with pytest.raises(RunError, match=r"cannot be read"):
        list(settled(store, groups))

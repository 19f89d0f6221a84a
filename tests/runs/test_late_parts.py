"""Parts that overlap, because workers that were taken for dead committed all the same."""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from drawn import drawn_info, found_points
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gnomon.errors import RunError
from gnomon.export import open_contents
from gnomon.runs import Failure, Run, read_run
from gnomon.runs.committed import Gathering
from gnomon.runs.listing import Input
from gnomon.runs.spans import Part, Span, overlapping
from gnomon.runs.store import LocalStore, Store, open_store
from gnomon.runs.writer import RunFolder, run_folder
from gnomon.tables import image_id

N = 20
INFO = drawn_info((4, 6))
NUMBERS = {image_id(f"{number}.jpg"): number for number in range(N)}


@pytest.fixture(scope="module", autouse=True)
def no_power_cut() -> Iterator[None]:
    """Spare the disk: many runs are written, and none of them must outlive this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@dataclass(frozen=True)
class Commit:
    """What a worker writes of a span: ``points`` in each image but the ``failing``.

    The number of points stands for the machine, whose rounding is its own.
    """

    span: Span
    failing: frozenset[int] = frozenset()
    points: int = 2

    @property
    def covered(self) -> range:
        return range(self.span.first, self.span.last + 1)

    def gathering(self, numbers: Iterable[int], seconds: float = 0.1) -> Gathering:
        gathering = Gathering()
        for number in numbers:
            if number in self.failing:
                reason = f"not on the machine that finds {self.points}"
                gathering.fail(number, Failure(f"{number}.jpg", "ImageError", reason))
            else:
                found = found_points(self.points, number)
                gathering.add(f"{number}.jpg", replace(found, seconds=seconds))
        return gathering

    def write(self, store: Store) -> Part:
        return self.gathering(self.covered).commit(store, self.span).part

    def writes(self, seconds: float = 0.1) -> list[tuple[str, bytes]]:
        """Name the files that it would write, in order, with what is in them."""
        noting = Noting(Path("nowhere"))
        self.gathering(self.covered, seconds).commit(noting, self.span)
        return noting.noted


class Noting(LocalStore):
    """Notes what would be written."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.noted: list[tuple[str, bytes]] = []

    def write(self, name: str, content: bytes) -> None:
        self.noted.append((name, content))


def opened(folder: Path, *, resume: bool) -> AbstractContextManager[RunFolder]:
    inputs = [Input(f"{number}.jpg") for number in range(N)]
    return run_folder(folder, INFO, lambda: inputs, resume=resume)


def begun(folder: Path) -> Store:
    """Begin a run of N inputs, of which none is done."""
    with pytest.raises(KeyboardInterrupt), opened(folder, resume=False):
        raise KeyboardInterrupt
    return open_store(folder)


def work(folder: Path, failing: Collection[int] = ()) -> None:
    """Do what is left of a run."""
    with opened(folder, resume=True) as run:
        for shard in run.todo():
            commit = Commit(shard.span, frozenset(failing))
            gathering = commit.gathering(number for number, _ in shard.inputs)
            run.record(gathering.commit(run.store, shard.span))


def points_of(run: Run) -> dict[int, int]:
    """Count the keypoints of each image of a run, by its number."""
    found = {NUMBERS[key]: 0 for key in run.images["image_id"].to_pylist()}
    for key in run.keypoints["image_id"].to_pylist():
        found[NUMBERS[key]] += 1
    return found


def checked(folder: Path) -> Run:
    """Read a run; its tables must fit each other, its account and what is exported."""
    run = read_run(folder)
    assert list(points_of(run).values()) == run.images["n_keypoints"].to_pylist()
    exported = list(open_contents(folder))
    assert [one.image.image_id for one in exported] == run.images["image_id"].to_pylist()
    assert [len(one) for one in exported] == run.images["n_keypoints"].to_pylist()
    counted = (run.images.num_rows, run.keypoints.num_rows, len(run.failures))
    assert (run.info.n_images, run.info.n_keypoints, run.info.n_failures) == counted
    return run


def failed_of(run: Run) -> set[int]:
    return {NUMBERS[image_id(one.path)] for one in run.failures}


def account(folder: Path) -> tuple[int, int]:
    """Read the counts of images and failures from run.json itself."""
    found = json.loads((folder / "run.json").read_text())
    return found["n_images"], found["n_failures"]


def first_with(number: int, written: dict[Part, Commit]) -> list[Commit]:
    """Give the commit from which an image counts, if there is one: the first attempt's, by name."""
    parts = [part for part, one in written.items() if number in {*one.covered} - one.failing]
    parts.sort(key=lambda part: (part.span.attempt, part.file_name))
    return [written[part] for part in parts[:1]]


@st.composite
def commits(draw: st.DrawFn) -> Commit:
    first = draw(st.integers(0, N - 1))
    last = min(first + draw(st.integers(0, 8)), N - 1)
    failing = draw(st.frozensets(st.integers(first, last), max_size=3))
    return Commit(Span(first, last, draw(st.integers(0, 2))), failing, draw(st.integers(0, 2)))


@given(st.lists(commits(), max_size=8))
@settings(derandomize=True, deadline=None, max_examples=100)
@example([Commit(Span(0, 7)), Commit(Span(0, 3)), Commit(Span(4, 7))])
@example([Commit(Span(0, 7), frozenset({3})), Commit(Span(3, 3, 1)), Commit(Span(0, 7))])
@example([Commit(Span(0, 1)), Commit(Span(2, 7), points=1), Commit(Span(0, 3), points=0)])
def test_each_image_counts_once_whatever_overlaps(chosen: list[Commit]) -> None:
    """Readers, and one who goes on, against the rule written out by hand."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "run"
        store = begun(folder)
        written = {one.write(store): one for one in chosen}
        there = store.names("images")
        written = {part: one for part, one in written.items() if part.file_name in there}
        points = {n: one.points for n in range(N) for one in first_with(n, written)}
        failed = {n for one in written.values() for n in one.failing} - points.keys()
        covered = {n for one in written.values() if not one.span.attempt for n in one.covered}
        assert points_of(checked(folder)) == points

        ours = RunFolder(store, replace(INFO, n_inputs=N, shard=8), list)
        assert (ours.info.n_images, ours.info.n_keypoints) == (len(points), sum(points.values()))
        assert ours.info.n_failures == len(failed)
        assert failed_of(checked(folder)) == failed
        shards = list(ours.todo())
        new = [n for one in shards if not one.span.attempt for n, _ in one.inputs]
        again = [n for one in shards if one.span.attempt for n, _ in one.inputs]
        assert (new, again) == (sorted(set(range(N)) - covered), sorted(failed))


@given(st.permutations([Span(0, 7), Span(0, 3), Span(2, 5), Span(4, 7), Span(8, 9), Span(4, 4, 1)]))
@settings(derandomize=True, deadline=None)
def test_parts_stand_in_the_order_of_the_listing_however_they_came(spans: list[Span]) -> None:
    groups = [[part.span for part in group] for group in overlapping(map(Part, spans))]
    nested = [Span(0, 3), Span(0, 7), Span(2, 5), Span(4, 7), Span(4, 4, 1)]
    assert groups == [nested, [Span(8, 9)]]


SPAN = Span(0, 7)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Commit(SPAN, frozenset({3})), Commit(SPAN, frozenset({1}))),
        (Commit(SPAN, frozenset({3}), points=0), Commit(SPAN, points=0)),
        (Commit(SPAN), Commit(SPAN, points=3)),
    ],
)
@pytest.mark.parametrize("turns", list(combinations(range(4), 2)))
def test_two_writers_of_one_span_do_not_mix_their_files(
    tmp_path: Path, one: Commit, other: Commit, turns: Sequence[int]
) -> None:
    """One could not read what the other could, or found more; in every order of their writes."""
    store = begun(tmp_path / "run")
    mine, theirs = iter(one.writes()), iter(other.writes())
    for turn in range(4):
        store.write(*next(mine if turn in turns else theirs))
        checked(tmp_path / "run")
    assert points_of(checked(tmp_path / "run")).keys() == set(range(8))


def test_two_writers_of_the_same_rows_write_the_same_files() -> None:
    """Only the seconds differ that they took, in the images table."""
    mine, theirs = Commit(SPAN).writes(0.1), Commit(SPAN).writes(0.2)
    assert [name for name, _ in mine] == [name for name, _ in theirs]
    assert mine[0] == theirs[0]
    assert mine[1] != theirs[1]


def test_a_late_part_takes_nothing_from_a_closed_run(tmp_path: Path) -> None:
    """First of a node that could read nothing, then of one that read what had failed."""
    store = begun(tmp_path / "run")
    work(tmp_path / "run", failing={5})
    assert account(tmp_path / "run") == (19, 1)
    Commit(Span(0, 7), frozenset(range(8))).write(store)
    assert failed_of(checked(tmp_path / "run")) == {5}
    Commit(Span(0, 7)).write(store)
    assert failed_of(checked(tmp_path / "run")) == set()
    assert points_of(checked(tmp_path / "run")) == dict.fromkeys(range(N), 2)
    before = store.names("images")
    work(tmp_path / "run", failing=range(N))
    assert store.names("images") == before
    assert account(tmp_path / "run") == (20, 0)
    assert store.read("failures.jsonl") == b""


def test_parts_without_a_digest_are_read_and_gone_on_with(tmp_path: Path) -> None:
    """An earlier gnomon named them so."""
    store = begun(tmp_path / "run")
    work(tmp_path / "run", failing={5})
    whole = points_of(checked(tmp_path / "run"))
    for table in ("images", "keypoints"):
        for name in store.names(table):
            path = tmp_path / "run" / table / name
            path.rename(path.with_name(Part(Part.of(name).span).file_name))
    assert points_of(checked(tmp_path / "run")) == whole
    work(tmp_path / "run")
    assert points_of(checked(tmp_path / "run")) == dict.fromkeys([*range(5), *range(6, N), 5], 2)


def test_a_run_with_a_foreign_part_is_read_but_not_gone_on_with(tmp_path: Path) -> None:
    store = begun(tmp_path / "run")
    work(tmp_path / "run")
    for table in ("images", "keypoints"):
        name = store.names(table)[0]
        (tmp_path / "run" / table / name).rename(tmp_path / "run" / table / "part-000000.parquet")
    assert points_of(checked(tmp_path / "run")) == dict.fromkeys(range(N), 2)
    with pytest.raises(RunError, match=r"part-000000\.parquet is no file that this gnomon wrote"):
        work(tmp_path / "run")

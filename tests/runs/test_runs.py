import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from drawn import drawn_info, found_points
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.detection import Detection
from gnomon.errors import ImageError, RunError
from gnomon.presets import Settings
from gnomon.runs import Failure, RunInfo, read_run, write_run
from gnomon.runs.committed import Gathering
from gnomon.runs.listing import (
    Input,
    Numbered,
    compare_listing,
    read_listing,
    write_listing,
)
from gnomon.runs.spans import Part, Span, gaps
from gnomon.runs.store import open_store
from gnomon.runs.writer import run_folder
from gnomon.tables import IMAGES, KEYPOINTS, image_id


def info(**changes: object) -> RunInfo:
    return drawn_info((4, 6), **changes)


def listing(n: int) -> list[Input]:
    return [Input(f"{number}.jpg") for number in range(n)]


def write(folder: Path, n: int, *, resume: bool = False, die_after: int = 10**9) -> None:
    """Write a run of n images; as if killed after so many parts."""
    with run_folder(folder, info(), lambda: listing(n), resume=resume) as run:
        for count, shard in enumerate(run.todo()):
            if count == die_after:
                raise KeyboardInterrupt
            gathering = Gathering()
            for number, one in shard.inputs:
                gathering.add(one.path, found_points(number % 5, number))
            run.record(gathering.commit(run.store, shard.span))


def rows(folder: Path) -> str:
    run = read_run(folder)
    return f"{run.images.to_pylist()} {run.keypoints.to_pylist()}"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    names = ["a.jpg", "a b/ü\n\"'.jpg", "none.jpg"]
    found = [found_points(3, 1), found_points(2, 2), found_points(0, 3)]
    known: dict[str, Detection | Exception] = dict(zip(names, found, strict=True))
    known["bad\u2028.jpg"] = ImageError("it is empty")
    write_run(tmp_path / "run", info(), known)
    run = read_run(tmp_path / "run")
    assert run.images["path"].to_pylist() == names
    assert run.images.schema == IMAGES
    assert run.keypoints.schema == KEYPOINTS
    for name, one in zip(names, found, strict=True):
        mine = run.keypoints.filter(
            [key == image_id(name) for key in run.keypoints["image_id"].to_pylist()]
        )
        np.testing.assert_array_equal(np.stack([mine["x"], mine["y"]], 1), one.keypoints.xy)
        assert mine["rank"].to_pylist() == list(range(1, len(one.keypoints) + 1))
    (failure,) = run.failures
    assert (failure.path, failure.error) == ("bad\u2028.jpg", "ImageError")
    assert (run.info.n_images, run.info.n_keypoints, run.info.n_failures) == (3, 5, 1)
    assert run.info.end is not None


@pytest.mark.parametrize("die_after", [0, 1, 7, 18])
def test_an_interrupted_run_resumes_to_the_same_rows(tmp_path: Path, die_after: int) -> None:
    write(tmp_path / "whole", 150)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "cut", 150, die_after=die_after)
    assert read_run(tmp_path / "cut").info.end is None
    write(tmp_path / "cut", 150, resume=True)
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    assert read_run(tmp_path / "cut").info.n_images == 150


def test_a_kill_between_the_two_tables_leaves_no_row_twice(tmp_path: Path) -> None:
    write(tmp_path / "run", 100)
    before = rows(tmp_path / "run")
    (part,) = (tmp_path / "run" / "images").glob("part-0000000008-0000000015-*.parquet")
    part.unlink()
    known = read_run(tmp_path / "run")
    assert set(known.keypoints["image_id"].to_pylist()) <= set(known.images["image_id"].to_pylist())
    write(tmp_path / "run", 100, resume=True)
    assert rows(tmp_path / "run") == before


def test_a_kill_while_listing_lists_anew(tmp_path: Path) -> None:
    def breaks() -> Iterator[Input]:
        yield Input("0.jpg")
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        run_folder(tmp_path / "run", info(), breaks, resume=False),
    ):
        pass
    assert RunInfo.read(tmp_path / "run").n_inputs is None
    write(tmp_path / "run", 10, resume=True)
    assert read_run(tmp_path / "run").images.num_rows == 10


@pytest.mark.parametrize("resume", [True, False])
def test_a_kill_before_the_first_file_is_whole_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resume: bool
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        patch.setattr(os, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "run", 10)
    assert not (tmp_path / "run" / "run.json").exists()
    (left,) = (tmp_path / "run").glob(".*.part")
    write(tmp_path / "run", 10, resume=resume)
    assert read_run(tmp_path / "run").images.num_rows == 10
    assert not left.exists()


def test_another_choice_cannot_be_resumed(tmp_path: Path) -> None:
    write(tmp_path / "run", 1)
    changed = info(settings=Settings(keep=0.3), threads=2)
    with (
        pytest.raises(RunError, match=r"threads: None, 2; keep: 0\.4, 0\.3"),
        run_folder(tmp_path / "run", changed, lambda: listing(1), resume=True),
    ):
        pass


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (listing(4), r"5 then, 4 now; the first that differs is number 4, then '4.jpg', now none"),
        ([*listing(5), Input("x")], r"5 then, 6 now; .* number 5, then none, now 'x'"),
        ([Input("x"), *listing(5)[1:]], r"5 then, 5 now; .* number 0, then '0.jpg', now 'x'"),
        ([Input("0.jpg", "y.tar", 4, 2), *listing(5)[1:]], r"number 0, "),
    ],
)
def test_other_inputs_cannot_be_resumed(tmp_path: Path, now: list[Input], says: str) -> None:
    write(tmp_path / "run", 5)
    with (
        pytest.raises(RunError, match=says),
        run_folder(tmp_path / "run", info(), lambda: now, resume=True),
    ):
        pass


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with run_folder(tmp_path / "run", info(), lambda: listing(9), resume=False):
        for resume in (True, False):
            with (
                pytest.raises(RunError, match=r"by another process|not empty"),
                run_folder(tmp_path / "run", info(), lambda: listing(9), resume=resume),
            ):
                pass
    write(tmp_path / "run", 9, resume=True)
    assert read_run(tmp_path / "run").images.num_rows == 9


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "run", 1)
    before = sorted((tmp_path / "run").rglob("*"))
    with pytest.raises(RunError, match="--resume"):
        write(tmp_path / "run", 1)
    assert sorted((tmp_path / "run").rglob("*")) == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        write(tmp_path / "file", 1)
    with pytest.raises(RunError, match="not empty"):
        write(tmp_path, 1, resume=True)


def test_a_folder_that_leads_elsewhere_by_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "images").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="/images leads out of its folder by a link"):
        Gathering().commit(open_store(tmp_path / "run"), Span(0, 0))
    assert not any((tmp_path / "elsewhere").iterdir())


def fail_some(folder: Path, failing: set[int], *, resume: bool) -> None:
    with run_folder(folder, info(), lambda: listing(40), resume=resume) as run:
        for shard in run.todo():
            gathering = Gathering()
            for number, one in shard.inputs:
                if number in failing:
                    gathering.fail(number, Failure(one.path, "ImageError", "gone"))
                else:
                    gathering.add(one.path, found_points(number % 5, number))
            run.record(gathering.commit(run.store, shard.span))


def test_what_failed_is_tried_again_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "whole", 40)
    for resume, failing in ((False, {0, 3, 5, 39}), (True, {3, 39}), (True, {3, 39}), (True, {3})):
        fail_some(tmp_path / "run", failing, resume=resume)
        run = read_run(tmp_path / "run")
        assert {failure.path for failure in run.failures} == {f"{n}.jpg" for n in failing}
        assert (run.info.n_images, run.info.n_failures) == (40 - len(failing), len(failing))
        assert run.images.num_rows == 40 - len(failing)
    fail_some(tmp_path / "run", set(), resume=True)
    run = read_run(tmp_path / "run")
    assert run.failures == ()
    assert sorted(map(str, run.images.to_pylist())) == sorted(
        map(str, read_run(tmp_path / "whole").images.to_pylist())
    )
    assert run.info.n_keypoints == run.keypoints.num_rows


@given(
    st.integers(68, 90),
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 9)), max_size=9),
)
@settings(derandomize=True, deadline=None)
def test_gaps_are_what_no_span_covers(n: int, pairs: list[tuple[int, int]]) -> None:
    spans = [Span(first, first + size - 1) for first, size in pairs]
    covered = {number for span in spans for number in range(span.first, span.last + 1)}
    left = [number for first, stop in gaps(map(Part, spans), n) for number in range(first, stop)]
    assert left == [number for number in range(n) if number not in covered]


@given(st.from_regex(r"[^\0]{1,40}", fullmatch=True), st.binary(min_size=1, max_size=20))
@settings(derandomize=True, deadline=None)
def test_any_name_comes_back_from_the_listing(text: str, raw: bytes) -> None:
    exact = os.fsdecode(raw.replace(b"\0", b"0"))
    inputs = [
        Input(exact),
        Input(f"{exact}#x", exact, 5, 7, landmarks=(1.5, 2.0)),
        Input("t#3", "t.parquet", row=3, column="image", landmarks=()),
    ]
    if text.isprintable():
        inputs.append(Input(text))
    with TemporaryDirectory() as folder:
        store = open_store(folder)
        known = write_listing(store, inputs)
        assert known.n_inputs == len(inputs)
        assert list(read_listing(store, 0, len(inputs))) == inputs
        assert Numbered(store)[1] == inputs[1]
        compare_listing(store, lambda: inputs, known)


def test_what_is_no_run_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run\.json"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"not the run\.json"):
        read_run(tmp_path)
    info().write(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "part-000000.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(RunError, match="part-000000"):
        read_run(tmp_path)


def test_a_failure_line_cut_short_is_left_out(tmp_path: Path) -> None:
    info().write(tmp_path)
    line = json.dumps({"path": "a", "error": "ImageError", "message": "empty"})
    (tmp_path / "failures.jsonl").write_text(line + "\n" + line[:9])
    assert [failure.path for failure in read_run(tmp_path).failures] == ["a"]


def test_an_empty_run_has_both_tables(tmp_path: Path) -> None:
    write(tmp_path / "run", 0)
    run = read_run(tmp_path / "run")
    assert (run.images.num_rows, run.keypoints.num_rows) == (0, 0)
    assert run.keypoints.schema == KEYPOINTS

"""One suite over all executors: whatever goes wrong, the rows are those of an undisturbed run."""

import csv
import errno
import multiprocessing
import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from faulty import (
    POISON,
    REFUSED,
    Draws,
    DrawsOnGpu,
    Flaky,
    commit_late,
    detect,
    drive,
    killing,
    photographs,
    rows,
    search_path,
)

from gnomon.disk import Folder
from gnomon.errors import RunError, SettingError
from gnomon.export import export_run
from gnomon.runs import Failure, read_run
from gnomon.runs.listing import Input
from gnomon.runs.spans import Span
from gnomon.runs.writer import Shard
from gnomon.scale import EXECUTORS, Job, Unseen, executor
from gnomon.scale.executors import Executor
from gnomon.scale.serial import SerialExecutor

WORKERS = {"serial": 1, "local": 2, "ray": 1}


@pytest.fixture(scope="module", autouse=True)
def ray_here() -> Iterator[None]:
    """Begin Ray on this machine, for workers that find the modules of the tests."""
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", search_path())
        ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
        yield
        ray.shutdown()


@pytest.fixture(params=EXECUTORS)
def any_executor(request: pytest.FixtureRequest) -> Executor:
    return executor(request.param, WORKERS[request.param])


@pytest.fixture(params=[name for name in EXECUTORS if name != "serial"])
def outliving(request: pytest.FixtureRequest) -> Executor:
    """Give an executor whose workers may die."""
    return executor(request.param, WORKERS[request.param])


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return photographs(tmp_path / "in", 60)


@pytest.fixture
def undisturbed(tmp_path: Path, pictures: list[Path]) -> Any:
    detect(pictures, tmp_path / "whole", SerialExecutor())
    return rows(tmp_path / "whole")


@pytest.mark.parametrize("together", [1, 8])
def test_the_rows_are_those_of_the_serial_run(
    tmp_path: Path, any_executor: Executor, pictures: list[Path], undisturbed: Any, together: int
) -> None:
    info = detect(pictures, tmp_path / "run", any_executor, make=Draws(together=together))
    assert rows(tmp_path / "run") == undisturbed
    assert (info.n_images, info.n_failures) == (60, 0)
    assert info.n_keypoints == len(undisturbed[1])
    assert info.end is not None


def test_bad_files_are_named_and_tried_again_on_resume(
    tmp_path: Path, any_executor: Executor, pictures: list[Path], undisturbed: Any
) -> None:
    """Files vanish between listing and reading, one is cut short; later they are back."""
    sound = {path: path.read_bytes() for path in (pictures[3], pictures[59])}
    pictures[3].unlink()
    pictures[59].write_bytes(sound[pictures[59]][:50])
    info = detect(pictures, tmp_path / "run", any_executor)
    assert (info.n_images, info.n_failures) == (58, 2)
    failures = read_run(tmp_path / "run").failures
    assert {one.path for one in failures} == set(map(str, sound))
    assert {one.error for one in failures} == {"ImageError"}
    for path, content in sound.items():
        path.write_bytes(content)
    info = detect(pictures, tmp_path / "run", any_executor, resume=True)
    assert (info.n_images, info.n_failures) == (60, 0)
    assert read_run(tmp_path / "run").failures == ()
    assert rows(tmp_path / "run") == undisturbed


@pytest.mark.parametrize("number", [0, 9, 59])
def test_an_image_that_fails_together_with_others_fails_alone(
    tmp_path: Path, pictures: list[Path], undisturbed: Any, number: int
) -> None:
    PIL.Image.new("RGB", (6, 6), REFUSED).save(pictures[number])
    pictures[10].write_bytes(b"")
    info = detect(pictures, tmp_path / "run", SerialExecutor(), make=Draws(together=4))
    assert (info.n_images, info.n_failures) == (58, 2)
    bad = {str(pictures[number]): "ValueError", str(pictures[10]): "ImageError"}
    assert {one.path: one.error for one in read_run(tmp_path / "run").failures} == bad
    images, _ = rows(tmp_path / "run")
    assert images == [row for row in undisturbed[0] if row["path"] not in bad]


def test_a_file_that_changes_has_one_content_or_the_other(
    tmp_path: Path, any_executor: Executor, pictures: list[Path], undisturbed: Any
) -> None:
    known = {path: path.read_bytes() for path in pictures[:2]}
    stop = threading.Event()

    def change() -> None:
        for turn in range(10**9):
            Folder(pictures[0].parent).write(pictures[0].name, known[pictures[turn % 2]])
            if stop.wait(0.002):
                return

    thread = threading.Thread(target=change)
    thread.start()
    detect(pictures, tmp_path / "run", any_executor)
    stop.set()
    thread.join()
    images = {Path(row["path"]): row for row in rows(tmp_path / "run")[0]}
    expected = {Path(row["path"]): row for row in undisturbed[0]}
    seen = images.pop(pictures[0])["content_hash"]
    assert seen in {expected[path]["content_hash"] for path in known}
    assert images == {path: row for path, row in expected.items() if path != pictures[0]}


def test_an_image_that_kills_its_worker_is_found_and_the_rest_is_done(
    tmp_path: Path, outliving: Executor, pictures: list[Path], undisturbed: Any
) -> None:
    poison = pictures[13]
    PIL.Image.new("RGB", (6, 6), POISON).save(poison)
    info = detect(pictures, tmp_path / "run", outliving)
    assert (info.n_images, info.n_failures) == (59, 1)
    (failure,) = read_run(tmp_path / "run").failures
    assert (failure.path, failure.error) == (str(poison), "WorkerDied")
    images, _ = rows(tmp_path / "run")
    assert images == [row for row in undisturbed[0] if row["path"] != str(poison)]


@dataclass
class CutOff(Unseen):
    """A worker in a process of its own that is taken for dead and then commits its shard.

    Nobody waits for it; ``heals`` when the run has given up an image of its shard, or by hand.
    """

    pictures: list[Path]
    out: Path
    heals: bool

    def __post_init__(self) -> None:
        inputs = enumerate(self.pictures[8:16], start=8)
        shard = Shard(Span(8, 15), tuple((number, Input(str(path))) for number, path in inputs))
        job = Job(make=Draws(mortal=False), out=str(self.out), figures=False)
        context = multiprocessing.get_context("forkserver")
        self._heal = context.Event()
        self._process = context.Process(
            target=commit_late, args=(job, shard, self._heal), daemon=True
        )
        self._process.start()

    def failed(self, failure: Failure) -> None:
        if self.heals:
            self.heal()

    def heal(self) -> None:
        self._heal.set()
        self._process.join()
        assert self._process.exitcode == 0


@pytest.mark.parametrize(
    ("outliving", "closed"),
    [("local", False), ("local", True), ("ray", True)],
    indirect=["outliving"],
)
def test_a_worker_that_is_taken_for_dead_and_commits_late(
    tmp_path: Path, outliving: Executor, pictures: list[Path], closed: bool
) -> None:
    """Its shard was done again in halves meanwhile, and an image of it given up."""
    PIL.Image.new("RGB", (6, 6), POISON).save(pictures[13])
    detect(pictures, tmp_path / "whole", SerialExecutor(), make=Draws(mortal=False))
    undisturbed, out = rows(tmp_path / "whole"), tmp_path / "run"
    late = CutOff(pictures, out, heals=not closed)
    info = detect(pictures, out, outliving, watch=late)
    if closed:
        assert (info.n_images, info.n_failures) == (59, 1)
        late.heal()
    names = [name[:26] for name in sorted(os.listdir(out / "images"))]
    assert {"part-0000000008-0000000011", "part-0000000008-0000000015"} <= set(names)
    assert rows(out) == undisturbed
    assert read_run(out).failures == ()
    if closed:
        info = detect(pictures, out, outliving, resume=True)
    assert (info.n_images, info.n_keypoints) == (60, len(undisturbed[1]))
    assert (info.n_failures, (out / "failures.jsonl").read_bytes()) == (0, b"")
    assert rows(out) == undisturbed
    assert exported(out) == exported(tmp_path / "whole")


def exported(run: Path) -> list[Any]:
    """Give the lines of a run as CSV, without the seconds of its images."""
    out = export_run(run, "csv", run.with_name(f"{run.name}-csv")).path
    images = csv.DictReader((out / "images.csv").read_text().splitlines())
    keypoints = (out / "keypoints.csv").read_text().splitlines()
    return [sorted(str(row | {"seconds": ""}) for row in images), sorted(keypoints)]


def test_a_slow_and_failing_store_for_inputs_and_run(
    tmp_path: Path, any_executor: Executor, pictures: list[Path], undisturbed: Any
) -> None:
    assert Flaky.protocol == "flaky"
    urls = [f"flaky://{path}" for path in pictures[:20]]
    info = detect(urls, f"flaky://{tmp_path}/run", any_executor)
    assert (info.n_images, info.n_failures) == (20, 0)
    images, keypoints = rows(tmp_path / "run")
    hashes = {row["content_hash"] for row in undisturbed[0] if Path(row["path"]) in pictures[:20]}
    assert {row["content_hash"] for row in images} == hashes
    assert len(keypoints) == info.n_keypoints


def test_a_disk_that_fills_ends_the_run_and_resume_completes_it(
    tmp_path: Path, any_executor: Executor, pictures: list[Path], undisturbed: Any
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small tmpfs")
    try:
        with pytest.raises(RunError, match=r"cannot be written: .*No space left.*--resume"):
            detect(pictures, small / "run", any_executor)
        assert not list(small.rglob("*.part"))
        done = len(list((small / "run" / "images").iterdir()))
        assert done < 8
        subprocess.run(["mount", "-o", "remount,size=4m", small], check=True)
        detect(pictures, small / "run", any_executor, resume=True)
        assert rows(small / "run") == undisturbed
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_a_full_disk_that_only_a_test_knows(
    tmp_path: Path, pictures: list[Path], undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, left = os.fsync, iter(range(25))

    def fill(handle: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(RunError, match=r"No space left.*--resume"):
        detect(pictures, tmp_path / "run", SerialExecutor())
    monkeypatch.undo()
    assert 0 < read_run(tmp_path / "run").images.num_rows < 60
    detect(pictures, tmp_path / "run", SerialExecutor(), resume=True)
    assert rows(tmp_path / "run") == undisturbed


def workers() -> list[Any]:
    return [one for one in multiprocessing.active_children() if one.name == "gnomon-worker"]


@pytest.mark.parametrize("seed", range(3))
def test_local_workers_killed_at_random_moments(tmp_path: Path, seed: int) -> None:
    chance, before = random.Random(seed), 0
    pictures = photographs(tmp_path / "in", 500)
    detect(pictures, tmp_path / "whole", SerialExecutor(), make=Draws(0))

    def kill() -> bool:
        """Kill soon after each step forward: workers that all die while they load end the run."""
        nonlocal before
        written = len(list((tmp_path / "run" / "images").glob("*.parquet")))
        alive = workers()
        if written <= before or not alive:
            return False
        os.kill(chance.choice(alive).pid, signal.SIGKILL)
        before = written
        return True

    with killing(kill, 20, lambda: chance.uniform(0, 0.3)) as kills:
        detect(pictures, tmp_path / "run", executor("local", 2), make=Draws(0.02))
    assert kills[0] >= 5
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


KILLS = 34


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_whole_run_killed_at_random_moments(tmp_path: Path, seed: int) -> None:
    chance = random.Random(100 + seed)
    pictures = photographs(tmp_path / "in", 300)
    detect(pictures, tmp_path / "whole", SerialExecutor(), make=Draws(0))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gnomon.scale.process", "gnomon.detector"])
    kills = 0
    while True:
        process = context.Process(target=drive, args=(pictures, tmp_path / "run", 0.02))
        process.start()
        process.join(chance.uniform(0.02, 0.3) if kills < KILLS else None)
        if process.exitcode is not None:
            break
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        kills += 1
    assert process.exitcode == 0
    assert kills == KILLS
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")
    assert not list((tmp_path / "run").rglob(".*.part"))


@pytest.mark.slow
def test_ray_workers_killed_at_random_moments(tmp_path: Path) -> None:
    import psutil

    chance = random.Random(7)
    pictures = photographs(tmp_path / "in", 300)
    detect(pictures, tmp_path / "whole", SerialExecutor(), make=Draws(0))

    def kill() -> bool:
        alive = [
            one
            for one in psutil.Process().children(recursive=True)
            if "RayWorker.run" in "".join(one.cmdline())
        ]
        if alive:
            chance.choice(alive).kill()
        return bool(alive)

    with killing(kill, 5, lambda: chance.uniform(1, 2)) as kills:
        detect(pictures, tmp_path / "run", executor("ray", 2), make=Draws(0.05))
    assert kills[0] >= 2
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


def test_each_gpu_of_this_machine_has_a_worker(
    tmp_path: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    detect(pictures, tmp_path / "run", executor("local"), make=DrawsOnGpu(0.2))
    assert set(read_run(tmp_path / "run").images["label"].to_pylist()) == {"3", "5"}


def test_a_run_of_one_executor_is_completed_by_another(
    tmp_path: Path, any_executor: Executor, pictures: list[Path], undisturbed: Any
) -> None:
    detect(pictures, tmp_path / "run", SerialExecutor())
    for name in sorted(os.listdir(tmp_path / "run" / "images"))[2:5]:
        (tmp_path / "run" / "images" / name).unlink()
    detect(pictures, tmp_path / "run", any_executor, resume=True)
    assert rows(tmp_path / "run") == undisturbed


def test_decoding_apart_gives_the_same_rows(
    tmp_path: Path, any_executor: Executor, pictures: list[Path], undisturbed: Any
) -> None:
    detect(pictures, tmp_path / "run", any_executor, isolate=True)
    assert rows(tmp_path / "run") == undisturbed


def test_hostile_names_come_through(tmp_path: Path, any_executor: Executor) -> None:
    content = photographs(tmp_path / "in", 1)[0].read_bytes()
    names = ["new\nline.png", "quote'\"[/].png"[:7], "🐦", "n" * 255, os.fsdecode(b"\xff.png")]
    paths = [tmp_path / "in" / name for name in names]
    for path in paths[1:]:
        path.write_bytes(content)
    info = detect(paths, tmp_path / "run", any_executor)
    assert (info.n_images, info.n_failures) == (4, 1)
    run = read_run(tmp_path / "run")
    assert run.failures[0].path == str(paths[0])
    assert {Path(path).name for path in run.images["path"].to_pylist()} >= {"🐦", "\\xff.png"}


def test_wrong_names_and_numbers_are_a_sentence() -> None:
    with pytest.raises(SettingError, match="workers is 3, but the serial"):
        executor("serial", 3)
    with pytest.raises(SettingError, match=r"unknown executor 'locla'; did you mean 'local'"):
        executor("locla")
    for name in ("local", "ray"):
        with pytest.raises(SettingError, match="workers is -1; it is 1 or more"):
            executor(name, -1)

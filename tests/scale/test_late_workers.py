"""Runs whose workers are taken for dead, live on, and commit at any time, driven by chance."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from drawn import drawn_info, found_points
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.export import open_contents
from gnomon.runs import Failure, read_run
from gnomon.runs.committed import Committed, Gathering
from gnomon.runs.listing import Input
from gnomon.runs.store import Store, open_store
from gnomon.runs.writer import Shard, run_folder
from gnomon.scale.attempts import Attempts
from gnomon.scale.executors import GivenUp
from gnomon.tables import image_id

N = 18
IDS = {image_id(f"{number}.jpg") for number in range(N)}
FOUND = {number: found_points(number % 3, number) for number in range(N)}


@pytest.fixture(scope="module", autouse=True)
def no_power_cut() -> Iterator[None]:
    """Spare the disk: many runs are written, and none of them must outlive this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@dataclass
class World:
    """What chance decides; every worker that was ever given a shard may commit some of it later."""

    draw: st.DataObject
    given: list[Shard] = field(default_factory=list)

    def chance(self, name: str) -> bool:
        return self.draw.draw(st.booleans(), label=name)

    def commit(self, store: Store, shard: Shard, *, sound: bool = False) -> Committed:
        """Write a shard, or, where the worker is stopped, its first images."""
        inputs = shard.inputs
        if not sound and self.draw.draw(st.integers(0, 3)) == 3:
            inputs = inputs[: self.draw.draw(st.integers(1, len(inputs)))]
        gathering = Gathering()
        for number, one in inputs:
            if not sound and self.draw.draw(st.integers(0, 3)) == 3:
                gathering.fail(number, Failure(one.path, "ImageError", "the network is gone"))
            else:
                gathering.add(one.path, FOUND[number])
        return gathering.commit(store, replace(shard.span, last=inputs[-1][0]))

    def late(self, store: Store) -> None:
        """Let workers commit that nobody waits for."""
        while self.given and self.chance("late"):
            self.commit(store, self.draw.draw(st.sampled_from(self.given)))

    def drive(self, folder: Path, *, resume: bool, sound: bool = False) -> bool:
        """Do what is left of the run; tells whether it came to its end."""
        inputs = [Input(f"{number}.jpg") for number in range(N)]
        try:
            with run_folder(folder, drawn_info((4, 6)), lambda: inputs, resume=resume) as run:
                attempts = Attempts(run.todo(), run.store)
                while (task := attempts.next()) is not None:
                    self.given.append(task.shard)
                    self.late(run.store)
                    if not sound and self.chance("dies"):
                        ended = attempts.died(task, "killed")
                        if isinstance(ended, GivenUp):
                            run.record(run.give_up(ended.shard, ended.reason))
                        elif ended is not None:
                            run.record(ended.rows)
                        continue
                    done = self.commit(run.store, task.shard, sound=sound)
                    run.record(done)
                    if done.part.span != task.shard.span:
                        raise KeyboardInterrupt
        except KeyboardInterrupt:
            return False
        return True


def check(folder: Path) -> set[str]:
    """Every image is there at most once, as the account says; gives those that failed."""
    run = read_run(folder)
    ids = run.images["image_id"].to_pylist()
    failed = [image_id(one.path) for one in run.failures]
    assert len({*ids, *failed}) == len(ids) + len(failed)
    assert [one.image.image_id for one in open_contents(folder)] == ids
    assert run.keypoints.num_rows == sum(run.images["n_keypoints"].to_pylist())
    return set(failed)


def account(folder: Path) -> tuple[int, int, int]:
    """Read the counts of images, keypoints and failures as they are on disk."""
    found = json.loads((folder / "run.json").read_text())
    assert found["n_failures"] == len((folder / "failures.jsonl").read_text().splitlines())
    return found["n_images"], found["n_keypoints"], found["n_failures"]


@given(st.data())
@settings(derandomize=True, deadline=None, max_examples=30)
def test_nothing_is_lost_and_nothing_twice_whoever_commits_late(draw: st.DataObject) -> None:
    world = World(draw)
    with TemporaryDirectory() as name:
        folder = Path(name) / "run"
        ended = world.drive(folder, resume=False)
        while not ended and world.chance("goes on"):
            ended = world.drive(folder, resume=True)
        if ended:
            run, failed = read_run(folder), check(folder)
            assert {*run.images["image_id"].to_pylist(), *failed} == IDS
            assert account(folder) == (N - len(failed), run.keypoints.num_rows, len(failed))
        world.late(open_store(folder))
        check(folder)

        assert world.drive(folder, resume=True, sound=True)
        assert check(folder) == set()
        n_keypoints = sum(len(found.keypoints) for found in FOUND.values())
        assert account(folder) == (N, n_keypoints, 0)
        world.late(open_store(folder))
        assert check(folder) == set()
        assert set(read_run(folder).images["image_id"].to_pylist()) == IDS

from pathlib import Path

import pytest

from gnomon.errors import RunError
from gnomon.runs.committed import Gathering
from gnomon.runs.listing import Input
from gnomon.runs.spans import Span
from gnomon.runs.store import Store, open_store
from gnomon.runs.writer import Shard
from gnomon.scale.attempts import Attempts
from gnomon.scale.executors import GivenUp
from gnomon.scale.job import Done


def a_shard(n: int) -> Shard:
    return Shard(Span(0, n - 1), tuple((number, Input(f"{number}.png")) for number in range(n)))


def numbers(shard: Shard) -> list[int]:
    return [number for number, _ in shard.inputs]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_a_shard_at_which_workers_die_is_halved_down_to_the_image_that_kills(store: Store) -> None:
    attempts = Attempts([a_shard(11)], store)
    done: list[int] = []
    given_up: list[int] = []
    deaths = 0
    while (task := attempts.next()) is not None:
        if 7 in numbers(task.shard):
            deaths += 1
            ended = attempts.died(task, "killed")
            if ended is not None:
                assert isinstance(ended, GivenUp)
                assert ended.reason == "killed"
                given_up += numbers(ended.shard)
        else:
            done += numbers(task.shard)
    assert given_up == [7]
    assert sorted(done) == [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]
    assert deaths == 2 + 1 + 1 + 1 + 3, "of eleven, of six, of three, of two, and alone"


def test_a_death_costs_an_attempt_and_dead_workers_shards_come_first(store: Store) -> None:
    attempts = Attempts([a_shard(2), a_shard(3)], store)
    task = attempts.next()
    assert task is not None
    assert attempts.died(task, "killed") is None
    again = attempts.next()
    assert again is not None
    assert again.shard is task.shard


def test_a_worker_that_dies_after_its_commit_has_done_its_shard(store: Store) -> None:
    attempts = Attempts([a_shard(4)], store)
    task = attempts.next()
    assert task is not None
    assert attempts.died(task, "killed") is None
    rows = Gathering().commit(store, task.shard.span)
    again = attempts.next()
    assert again is not None
    assert attempts.died(again, "killed") == Done(rows)
    assert attempts.next() is None


def test_workers_that_never_get_ready_end_the_run(store: Store) -> None:
    attempts = Attempts([], store)
    for _ in range(9):
        attempts.stillborn("killed")
    attempts.ready()
    for _ in range(9):
        attempts.stillborn("killed")
    with pytest.raises(RunError, match=r"10 workers died .* \(killed\); give fewer --workers"):
        attempts.stillborn("killed")

"""Who works through the shards: a plug point."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Protocol

from gnomon.plugs import plugged
from gnomon.runs.writer import Shard
from gnomon.scale.job import Done, Finder, Job, Watch

PATIENCE = 10.0
"""Seconds that workers get to commit what they have, after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A single image at which worker after worker died, and how the last one ended."""

    shard: Shard
    reason: str


class Executor(Protocol):
    """Does every shard once, in any order; the rows are those of the serial executor.

    A worker that dies costs its shard another attempt (see `gnomon.scale.attempts`). At
    ``KeyboardInterrupt`` the parts that workers have begun are committed and given, with
    ``interrupted``, before it is raised again.
    """

    def run(
        self, job: Job, finder: Finder, shards: Iterable[Shard], watch: Watch
    ) -> Generator[Done | GivenUp]:
        """Do the shards; ``finder`` is a detector that this process has already."""


MakeExecutor = Callable[[int], Executor]
"""Takes the number of workers; 0 chooses it."""


def _serial(workers: int) -> Executor:
    from gnomon.scale.serial import SerialExecutor

    return SerialExecutor(workers)


def _local(workers: int) -> Executor:
    from gnomon.scale.local import LocalExecutor

    return LocalExecutor(workers)


def _ray(workers: int) -> Executor:
    from gnomon.scale.on_ray import RayExecutor

    return RayExecutor(workers)


EXECUTORS: dict[str, MakeExecutor] = {"serial": _serial, "local": _local, "ray": _ray}


def executor(name: str, workers: int = 0) -> Executor:
    """Make the executor of this name, or of "package.module:name"."""
    return plugged("executor", name, EXECUTORS)(workers)

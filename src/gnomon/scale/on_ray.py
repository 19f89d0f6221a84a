"""A Ray cluster: an actor for each worker, on CPUs or GPUs, of any number of machines."""

import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from gnomon.errors import GnomonError, RunError, SettingError
from gnomon.extras import library
from gnomon.interrupt import Interrupts
from gnomon.runs.store import open_store
from gnomon.runs.writer import Shard
from gnomon.scale.attempts import Attempts, Task
from gnomon.scale.executors import PATIENCE, GivenUp
from gnomon.scale.job import Done, Finder, Job, Unseen, Watch
from gnomon.scale.worker import Worker


class RayWorker:
    """A worker as an actor; ``stop`` is heard while ``run`` goes on."""

    def __init__(self, job: Job) -> None:
        self._stop = _Flag()
        self._worker = Worker(job)

    def ready(self) -> bool:
        """Answer as soon as the classifier is loaded."""
        return True

    def run(self, shard: Shard) -> Done | GnomonError | None:
        """Do a shard; an error that no other worker would be spared is given back."""
        try:
            return self._worker.run(shard, Unseen(), self._stop)
        except GnomonError as error:
            return RunError(str(error))

    def stop(self) -> None:
        """End the shard after the present image."""
        self._stop.event.set()


@dataclass(slots=True)
class _Flag:
    """A `Stop` that another thread sets."""

    event: threading.Event = field(default_factory=threading.Event)

    @property
    def seen(self) -> bool:
        """See `Stop`."""
        return self.event.is_set()

    def raising(self) -> AbstractContextManager[None]:
        """See `Stop`."""
        if self.seen:
            raise KeyboardInterrupt
        return nullcontext()


class RayExecutor:
    """Workers on the cluster that Ray is connected to, or finds, or else begins on this machine."""

    def __init__(self, workers: int = 0) -> None:
        if workers < 0:
            raise SettingError(f"workers is {workers}; it is 1 or more, or 0 to choose")
        self._ray: Any = library("ray", "ray", "the ray executor")
        self._workers = workers
        self._starting: dict[Any, Any] = {}
        self._working: dict[Any, tuple[Any, Task]] = {}
        self._free: list[Any] = []

    def run(
        self, job: Job, finder: Finder, shards: Iterable[Shard], watch: Watch
    ) -> Generator[Done | GivenUp]:
        """Do the shards."""
        if not self._ray.is_initialized():
            self._ray.init(include_dashboard=False, logging_level="warning")
        device = getattr(getattr(finder, "classifier", None), "device", None)
        gpu = device is not None and device.type == "cuda"
        actor = self._ray.remote(RayWorker).options(
            num_cpus=job.threads or 1, num_gpus=1 if gpu else 0, max_concurrency=2, max_restarts=0
        )
        attempts = Attempts(shards, open_store(job.out))
        with Interrupts() as interrupts:
            try:
                task = attempts.next()
                while task is not None or self._working:
                    if task is not None:
                        self._begin(actor, job, gpu=gpu)
                    while task is not None and self._free:
                        worker = self._free.pop()
                        self._working[worker.run.remote(task.shard)] = (worker, task)
                        task = attempts.next()
                    with interrupts.raising():
                        heard = self._hear()
                    for reference in heard:
                        yield from self._listen(reference, attempts, watch)
                    task = task or attempts.next()
            except KeyboardInterrupt:
                yield from self._interrupt(watch)
                raise
            finally:
                self._end()

    def _begin(self, actor: Any, job: Job, *, gpu: bool) -> None:
        """Begin workers where there are too few: by default as many as the cluster has room for."""
        wanted = self._workers
        if not wanted:
            room = self._ray.cluster_resources()
            wanted = max(int(room.get("GPU", 0) if gpu else room.get("CPU", 1)), 1)
        while len(self._starting) + len(self._working) + len(self._free) < wanted:
            worker = actor.remote(job)
            self._starting[worker.ready.remote()] = worker

    def _hear(self) -> list[Any]:
        waiting = [*self._starting, *self._working]
        heard, _ = self._ray.wait(waiting, num_returns=1, timeout=1.0)
        return list(heard)

    def _listen(self, reference: Any, attempts: Attempts, watch: Watch) -> Iterator[Done | GivenUp]:
        errors = self._ray.exceptions
        starting = self._starting.pop(reference, None)
        worker, task = self._working.pop(reference, (starting, None))
        try:
            said = self._ray.get(reference)
        except errors.RayTaskError as error:
            raise RunError(f"a worker cannot go on: {error}") from error
        except errors.RayError as error:
            self._ray.kill(worker)
            if task is None:
                attempts.stillborn(str(error))
            elif (ended := attempts.died(task, type(error).__name__)) is not None:
                yield _heed(ended, watch) if isinstance(ended, Done) else ended
            return
        attempts.ready()
        self._free.append(worker)
        if task is not None:
            yield _heed(said, watch)

    def _interrupt(self, watch: Watch) -> Iterator[Done]:
        """Let the workers commit what they have."""
        for worker, _ in self._working.values():
            worker.stop.remote()
        heard, _ = self._ray.wait(
            list(self._working), num_returns=max(len(self._working), 1), timeout=PATIENCE
        )
        for reference in heard:
            try:
                said = self._ray.get(reference)
            except self._ray.exceptions.RayError:
                continue
            if said is not None:
                yield _heed(said, watch)

    def _end(self) -> None:
        working = [worker for worker, _ in self._working.values()]
        for worker in (*self._starting.values(), *working, *self._free):
            self._ray.kill(worker)
        self._starting.clear()
        self._working.clear()
        self._free.clear()


def _heed(said: Any, watch: Watch) -> Done:
    """Take what a worker gave back for a shard, and tell of its images."""
    if isinstance(said, GnomonError):
        raise said
    done: Done = said
    for _, failure in done.rows.failures:
        watch.failed(failure)
    watch.image_done(done.rows.n_images + len(done.rows.failures))
    return done

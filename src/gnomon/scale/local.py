"""The processes, and the GPUs, of this machine."""

import multiprocessing
import os
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from typing import Any

from gnomon.errors import RunError, SettingError
from gnomon.interrupt import Interrupts
from gnomon.runs.store import open_store
from gnomon.runs.writer import Shard
from gnomon.scale.attempts import Attempts, Task
from gnomon.scale.executors import PATIENCE, GivenUp
from gnomon.scale.job import Done, Finder, Job, Watch
from gnomon.scale.process import Failed, ImageDone, ImageFailed, Ready, serve


@dataclass(slots=True)
class _Peer:
    """A worker process, as seen from here."""

    process: Any
    pipe: Connection
    ready: bool = False
    task: Task | None = None
    images: int = 0


class LocalExecutor:
    """Workers in processes of their own, each with a classifier; on GPUs, one or more for each."""

    def __init__(self, workers: int = 0) -> None:
        if workers < 0:
            raise SettingError(f"workers is {workers}; it is 1 or more, or 0 to choose")
        self._workers = workers
        self._context: Any = multiprocessing.get_context(
            "spawn" if sys.platform == "win32" else "forkserver"
        )
        if sys.platform != "win32":
            self._context.set_forkserver_preload(["gnomon.scale.process", "gnomon.detector"])
        self._peers: list[_Peer] = []
        self._begun = 0

    def run(
        self, job: Job, finder: Finder, shards: Iterable[Shard], watch: Watch
    ) -> Generator[Done | GivenUp]:
        """Do the shards."""
        gpus = _gpus(finder)
        rest = iter(shards)
        first = list(islice(rest, self._workers or len(gpus) or os.cpu_count() or 1))
        attempts = Attempts(chain(first, rest), open_store(job.out))
        with Interrupts() as interrupts:
            try:
                task = attempts.next()
                while task is not None or any(peer.task for peer in self._peers):
                    while len(self._peers) < len(first):
                        self._begin(job, gpus)
                    while task is not None and self._give(task):
                        task = attempts.next()
                    with interrupts.raising():
                        heard = wait([peer.pipe for peer in self._peers])
                    yield from self._listen(heard, attempts, watch)
                    task = task or attempts.next()
            except KeyboardInterrupt:
                yield from self._interrupt(watch)
                raise
            finally:
                self._end()

    def _begin(self, job: Job, gpus: list[str]) -> None:
        ours, theirs = self._context.Pipe()
        gpu = gpus[self._begun % len(gpus)] if gpus else None
        given = (theirs, job, gpu, dict(os.environ))
        process = self._context.Process(target=serve, args=given, name="gnomon-worker")
        process.start()
        theirs.close()
        self._begun += 1
        self._peers.append(_Peer(process, ours))

    def _give(self, task: Task) -> bool:
        """Hand a task to a free worker, if there is one."""
        for peer in self._peers:
            if peer.ready and peer.task is None:
                peer.task = task
                with suppress(OSError):  # It died meanwhile; listening will tell.
                    peer.pipe.send(task.shard)
                return True
        return False

    def _listen(
        self, heard: list[Any], attempts: Attempts, watch: Watch
    ) -> Iterator[Done | GivenUp]:
        for pipe in heard:
            peer = next(peer for peer in self._peers if peer.pipe is pipe)
            try:
                said = peer.pipe.recv()
            except (EOFError, OSError):
                ended = self._bury(peer, attempts)
                if not isinstance(ended, Done):
                    watch.image_done(-peer.images)
                if ended is not None:
                    yield ended
                continue
            if isinstance(said, Ready):
                peer.ready = True
                attempts.ready()
            done = self._heed(peer, said, watch)
            if done is not None:
                yield done

    def _heed(self, peer: _Peer, said: object, watch: Watch) -> Done | None:
        match said:
            case ImageDone():
                peer.images += 1
                watch.image_done()
            case ImageFailed(failure):
                watch.failed(failure)
            case Failed(reason):
                raise RunError(reason)
            case Done():
                peer.task, peer.images = None, 0
                return said
        return None

    def _bury(self, peer: _Peer, attempts: Attempts) -> Done | GivenUp | None:
        peer.process.join()
        how = f"exit status {peer.process.exitcode}"
        self._peers.remove(peer)
        peer.pipe.close()
        if not peer.ready:
            attempts.stillborn(how)
        return None if peer.task is None else attempts.died(peer.task, how)

    def _interrupt(self, watch: Watch) -> Iterator[Done]:
        """Let the workers commit what they have."""
        for peer in self._peers:
            peer.process.terminate()
        until = time.monotonic() + PATIENCE
        while self._peers and (left := until - time.monotonic()) > 0:
            for pipe in wait([peer.pipe for peer in self._peers], timeout=left):
                peer = next(peer for peer in self._peers if peer.pipe is pipe)
                try:
                    done = self._heed(peer, peer.pipe.recv(), watch)
                except (EOFError, OSError):
                    self._peers.remove(peer)
                    continue
                if done is not None:
                    yield done

    def _end(self) -> None:
        for peer in self._peers:
            peer.pipe.close()
            peer.process.kill()
        self._peers.clear()


def _gpus(finder: Finder) -> list[str]:
    """Name this machine's GPUs, where the classifier computes on one."""
    device = getattr(getattr(finder, "classifier", None), "device", None)
    if device is None or device.type != "cuda":
        return []
    import torch

    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return seen.split(",") if seen else [str(n) for n in range(torch.cuda.device_count())]

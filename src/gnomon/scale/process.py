"""A worker process of the local executor, from its own side."""

import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from gnomon.errors import GnomonError
from gnomon.interrupt import Interrupts
from gnomon.runs import Failure
from gnomon.scale.job import Job
from gnomon.scale.worker import Worker


@dataclass(frozen=True, slots=True)
class Ready:
    """The classifier is loaded."""


@dataclass(frozen=True, slots=True)
class ImageDone:
    """An image is done, or has failed."""


@dataclass(frozen=True, slots=True)
class ImageFailed:
    """An image has failed."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker cannot go on, and no other could."""

    reason: str


class _Telling:
    """A `Watch` that tells the other side."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def begin(self, total: int, done: int) -> None:
        """Do nothing: the other side knows."""

    def windows(self, done: int, total: int) -> None:
        """Do nothing: many images come at once."""

    def image_done(self, count: int = 1) -> None:
        """See `Watch`."""
        self._pipe.send(ImageDone())

    def failed(self, failure: Failure) -> None:
        """See `Watch`."""
        self._pipe.send(ImageFailed(failure))


def serve(pipe: Connection, job: Job, gpu: str | None, environment: dict[str, str]) -> None:
    """Do shards until the pipe ends; a signal to end commits what is done first.

    ``environment`` is that of the one who began us; the server we forked from has an older one.
    """
    os.environ.update(environment)
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who began us.
    shards = _Inbox(pipe)
    with Interrupts(signal.SIGTERM) as interrupts:
        try:
            worker = Worker(job)
            pipe.send(Ready())
            while not interrupts.seen:
                with interrupts.raising():
                    shard = shards.next()
                done = worker.run(shard, _Telling(pipe), interrupts)
                if done is not None:
                    pipe.send(done)
        except GnomonError as error:
            pipe.send(Failed(str(error)))
        except (KeyboardInterrupt, BrokenPipeError):
            pass
    os._exit(0)  # Threads that still read are not waited for.


class _Inbox:
    """Shards from the other side; when it is gone, so are we, whatever we are at."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._queue: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        while True:
            try:
                self._queue.put(self._pipe.recv())
            except (EOFError, OSError):
                os._exit(1)

    def next(self) -> Any:
        """Wait for the next one."""
        return self._queue.get()

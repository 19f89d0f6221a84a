"""What works through a shard: reads ahead, detects, and commits its rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from time import perf_counter

from gnomon.images import Picture
from gnomon.interrupt import Stop
from gnomon.runs.listing import Input
from gnomon.runs.store import open_store
from gnomon.runs.writer import Shard
from gnomon.scale.ahead import Ahead
from gnomon.scale.behind import Behind
from gnomon.scale.job import Done, Finder, Job, Watch
from gnomon.scale.reading import Reading
from gnomon.types import Image

READERS = 2
DEPTH = 4

Numbered = tuple[int, Input]
Loaded = tuple[Picture | None, Image]


class Worker:
    """A detector with what it reads from and writes to; it does one shard after the other."""

    def __init__(self, job: Job, finder: Finder | None = None) -> None:
        """Load the classifier, unless there is a detector already."""
        if job.threads is not None:
            import torch

            torch.set_num_threads(job.threads)
        self._job = job
        self._store = open_store(job.out)
        self._finder = job.make() if finder is None else finder
        self._ahead: Ahead[Numbered, Loaded] = Ahead(self._loader, READERS, DEPTH)
        self._behind = ThreadPoolExecutor(1)

    def _loader(self) -> Callable[[Numbered], Loaded]:
        reading = Reading(self._job.limits, isolate=self._job.isolate)

        def load(numbered: Numbered) -> Loaded:
            picture = reading(numbered[1])
            return picture if self._job.figures else None, self._finder.load(picture)

        return load

    def run(self, shard: Shard, watch: Watch, stop: Stop) -> Done | None:
        """Do a shard and commit its rows.

        An image that fails is noted, and the rest is done. A ``stop`` ends the shard early, with
        what is done: ``None`` where nothing is. ``RunError`` where the run cannot be written.
        """
        begin = perf_counter()
        behind = Behind(self._job, self._store, self._behind, watch)
        with closing(self._ahead(shard.inputs)) as items:
            for (number, one), loaded in items:
                try:
                    with stop.raising():
                        picture, image = loaded.result()
                        found = self._finder.detect(image, watch.windows)
                except KeyboardInterrupt:
                    break
                except Exception as error:
                    if stop.seen:
                        break
                    behind.fail(number, one, error)
                else:
                    behind.add(number, one, picture, found)
                watch.image_done()
        behind.settle()
        if behind.done == 0:
            return None
        span = replace(shard.span, last=shard.inputs[behind.done - 1][0])
        rows = behind.gathering.commit(self._store, span)
        idle = perf_counter() - begin - behind.busy
        return Done(rows, behind.busy, idle, interrupted=behind.done < len(shard.inputs))

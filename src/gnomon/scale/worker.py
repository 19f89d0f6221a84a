"""What works through a shard: reads ahead, detects, and commits its rows."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice
from time import perf_counter
from typing import TypeVar

from gnomon.detection import Detection
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
FIGURE_SIDE = 2048
"""Pixels that a figure's picture is long at most: pictures wait for their figures in memory."""

Numbered = tuple[int, Input]
Loaded = tuple[Picture | None, Image]
Found = tuple[Picture | None, Detection]
T = TypeVar("T")


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
        self._ahead: Ahead[Numbered, Loaded] = Ahead(
            self._loader, READERS, max(DEPTH, self._finder.images_at_a_time)
        )
        self._behind = ThreadPoolExecutor(1)

    def _loader(self) -> Callable[[Numbered], Loaded]:
        reading = Reading(self._job.limits, self._job.hosts, isolate=self._job.isolate)

        def load(numbered: Numbered) -> Loaded:
            picture = reading(numbered[1])
            image = self._finder.load(picture)
            return picture.within(FIGURE_SIDE) if self._job.figures else None, image

        return load

    def run(self, shard: Shard, watch: Watch, stop: Stop) -> Done | None:
        """Do a shard and commit its rows.

        An image that fails is noted, and the rest is done. A ``stop`` ends the shard early, with
        what is done: ``None`` where nothing is. ``RunError`` where the run cannot be written.
        """
        begin = perf_counter()
        behind = Behind(self._job, self._store, self._behind, watch)
        with closing(self._ahead(shard.inputs)) as items:
            while group := list(islice(items, self._finder.images_at_a_time)):
                try:
                    with stop.raising():
                        outcomes = self._detect([loaded for _, loaded in group], watch)
                except KeyboardInterrupt:
                    break
                if stop.seen and any(isinstance(outcome, Exception) for outcome in outcomes):
                    break
                for ((number, one), _), outcome in zip(group, outcomes, strict=True):
                    if isinstance(outcome, Exception):
                        behind.fail(number, one, outcome)
                    else:
                        behind.add(number, one, *outcome)
                    watch.image_done()
        behind.settle()
        if behind.done == 0:
            return None
        span = replace(shard.span, last=shard.inputs[behind.done - 1][0])
        rows = behind.gathering.commit(self._store, span)
        idle = perf_counter() - begin - behind.busy
        return Done(rows, behind.busy, idle, interrupted=behind.done < len(shard.inputs))

    def _detect(self, loading: Sequence[Future[Loaded]], watch: Watch) -> list[Found | Exception]:
        """Find keypoints in some images together; one by one where that fails, to learn in which.

        Gives what each came to.
        """
        loaded = [_attempt(future.result) for future in loading]
        images = [one[1] for one in loaded if not isinstance(one, Exception)]
        found: list[Detection | Exception] = []
        if len(images) > 1:
            together = _attempt(lambda: self._finder.detect_several(images, watch.windows))
            found += together if isinstance(together, list) else []
        if not found:
            found += [
                _attempt(partial(self._finder.detect, image, watch.windows)) for image in images
            ]
        rest = iter(found)
        return [one if isinstance(one, Exception) else _joined(one, next(rest)) for one in loaded]


def _attempt(function: Callable[[], T]) -> T | Exception:
    try:
        return function()
    except Exception as error:
        return error


def _joined(loaded: Loaded, found: Detection | Exception) -> Found | Exception:
    return found if isinstance(found, Exception) else (loaded[0], found)

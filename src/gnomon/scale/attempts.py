"""Which shard comes next, and what becomes of one whose worker died."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from gnomon.errors import RunError
from gnomon.runs.committed import committed
from gnomon.runs.spans import Span
from gnomon.runs.store import Store
from gnomon.runs.writer import Shard
from gnomon.scale.executors import GivenUp
from gnomon.scale.job import Done

TOGETHER = 2
ALONE = 3
"""So many workers may die at a shard, before it is halved, and at an image that is alone."""
STILLBORN = 10
"""So many workers in a row may die before they are ready."""


@dataclass(frozen=True, slots=True)
class Task:
    """A shard, and how many workers died at it; a half of one starts with a death less to go."""

    shard: Shard
    deaths: int = 0


class Attempts:
    """Hands out shards: those whose worker died first, then new ones."""

    def __init__(self, shards: Iterable[Shard], store: Store) -> None:
        """Take shards of the run in ``store``."""
        self._new = iter(shards)
        self._store = store
        self._again: deque[Task] = deque()
        self._stillborn = 0

    def next(self) -> Task | None:
        """Return the next task; ``None`` where there is none for now."""
        if self._again:
            return self._again.popleft()
        shard = next(self._new, None)
        return None if shard is None else Task(shard)

    def ready(self) -> None:
        """Hear that a worker has loaded the classifier."""
        self._stillborn = 0

    def stillborn(self, how: str) -> None:
        """Hear that a worker died before that; ``RunError`` where too many in a row did."""
        self._stillborn += 1
        if self._stillborn >= STILLBORN:
            raise RunError(
                f"{STILLBORN} workers died while they loaded the classifier ({how}); give fewer"
                " --workers, or look at the memory left"
            )

    def died(self, task: Task, how: str) -> Done | GivenUp | None:
        """Try a dead worker's task again, at last in halves; give up a single image.

        A worker that died after it had committed its shard has done it.
        """
        if (rows := committed(self._store, task.shard.span)) is not None:
            return Done(rows)
        inputs, deaths = task.shard.inputs, task.deaths + 1
        if deaths < TOGETHER or (len(inputs) == 1 and deaths < ALONE):
            self._again.append(Task(task.shard, deaths))
            return None
        if len(inputs) == 1:
            return GivenUp(task.shard, how)
        middle = len(inputs) // 2
        for half in (inputs[:middle], inputs[middle:]):
            span = Span(half[0][0], half[-1][0], task.shard.span.attempt)
            self._again.append(Task(Shard(span, half), 0 if len(half) == 1 else TOGETHER - 1))
        return None

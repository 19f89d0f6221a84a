"""Which shard comes next, and what becomes of one whose worker died."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from gnomon.runs.committed import Span
from gnomon.runs.writer import Shard

TOGETHER = 2
ALONE = 3
"""So many workers may die at a shard, before it is halved, and at an image that is alone."""


@dataclass(frozen=True, slots=True)
class Task:
    """A shard, and how many workers died at it; a half of one starts with a death less to go."""

    shard: Shard
    deaths: int = 0


class Attempts:
    """Hands out shards: those whose worker died first, then new ones."""

    def __init__(self, shards: Iterable[Shard]) -> None:
        self._new = iter(shards)
        self._again: deque[Task] = deque()

    def next(self) -> Task | None:
        """Give the next task; ``None`` where there is none for now."""
        if self._again:
            return self._again.popleft()
        shard = next(self._new, None)
        return None if shard is None else Task(shard)

    def died(self, task: Task) -> Shard | None:
        """Try a dead worker's task again, at last in halves; give up a single image."""
        inputs, deaths = task.shard.inputs, task.deaths + 1
        if deaths < TOGETHER or (len(inputs) == 1 and deaths < ALONE):
            self._again.append(Task(task.shard, deaths))
            return None
        if len(inputs) == 1:
            return task.shard
        middle = len(inputs) // 2
        for half in (inputs[:middle], inputs[middle:]):
            span = Span(half[0][0], half[-1][0], task.shard.span.attempt)
            self._again.append(Task(Shard(span, half), 0 if len(half) == 1 else TOGETHER - 1))
        return None

"""Work that is done in threads while the caller does something else."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Ahead(Generic[T, R]):
    """Maps a function over items, ``depth`` items ahead of the caller, in order.

    ``make`` gives each thread its own function. The threads end with the process, whatever they
    wait for.
    """

    def __init__(self, make: Callable[[], Callable[[T], R]], threads: int, depth: int) -> None:
        self._work: SimpleQueue[tuple[T, Future[R]]] = SimpleQueue()
        self._make = make
        self._depth = depth
        for _ in range(threads):
            threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        function: Callable[[T], R] | None = None
        while True:
            item, future = self._work.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                function = function or self._make()
                future.set_result(function(item))
            except BaseException as error:  # It is the caller's to judge.
                future.set_exception(error)
            del item, future

    def __call__(self, items: Iterable[T]) -> Generator[tuple[T, Future[R]]]:
        """Yield each item with its result, or the exception that came instead."""
        rest = iter(items)
        begun: deque[tuple[T, Future[R]]] = deque()
        try:
            while True:
                while len(begun) < self._depth and (item := next(rest, None)) is not None:
                    future: Future[R] = Future()
                    begun.append((item, future))
                    self._work.put((item, future))
                if not begun:
                    return
                yield begun.popleft()
        finally:
            for _, future in begun:
                future.cancel()

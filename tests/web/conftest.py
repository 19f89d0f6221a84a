from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from served_page import Served, start, stop

Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start pages with any words of the command, and end them after the test."""
    started: list[Served] = []

    def served(folder: Path | None, *words: str, **environment: str) -> Served:
        started.append(start(folder, *words, **environment))
        return started[-1]

    yield served
    with ExitStack() as ends:
        for one in started:
            ends.callback(stop, one)


@pytest.fixture(scope="module")
def explored(photographed: Path) -> Iterator[str]:
    """Serve a run whose classifier is quick, to explore."""
    served = start(photographed)
    yield served.url
    stop(served)

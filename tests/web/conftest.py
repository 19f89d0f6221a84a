import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest


@dataclass
class Served:
    """A page that answers at ``url``."""

    url: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        urlopen(url, timeout=5).close()
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
    return True


Serve = Callable[..., Served]


def start(folder: Path | None, *words: str, **environment: str) -> Served:
    port = free_port()
    plain = {name: v for name, v in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "gnomon", "serve", *([str(folder)] if folder else [])]
    command += ["--port", str(port), "--device", "cpu", "--no-show", *words]
    process = subprocess.Popen(command, env={**plain, **environment}, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 300
    while not answers(url) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.poll() is None
    return Served(url, process)


def stop(served: Served) -> None:
    served.process.kill()
    served.process.wait()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start pages with any words of the command, and end them after the test."""
    started: list[Served] = []

    def served(folder: Path | None, *words: str, **environment: str) -> Served:
        started.append(start(folder, *words, **environment))
        return started[-1]

    yield served
    for one in started:
        stop(one)


@pytest.fixture(scope="module")
def explored(photographed: Path) -> Iterator[str]:
    """Serve a run whose classifier is quick, to explore."""
    served = start(photographed)
    yield served.url
    stop(served)

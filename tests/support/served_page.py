"""The page as its user starts it, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from urllib.error import HTTPError, URLError
from urllib.request import urlopen


@dataclass
class Served:
    """A page that answers at ``url``."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """What the program has written to its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")


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


def start(folder: Path | None, *words: str, **environment: str) -> Served:
    gnomon = ["-m", "gnomon", "serve", *([str(folder)] if folder else [])]
    return run_python(*gnomon, "--device", "cpu", "--no-show", *words, **environment)


def run_python(*words: str, **environment: str) -> Served:
    """Start a program that serves the page at its ``--port``."""
    port = free_port()
    plain = {name: v for name, v in os.environ.items() if not name.startswith("PYTEST")}
    descriptor, log = mkstemp(prefix="gnomon-serve-", suffix=".log")
    with os.fdopen(descriptor, "wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *words, "--port", str(port)],
            env={**plain, **environment},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 300
    while not answers(url) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.poll() is None, Path(log).read_text()
    return Served(url, process, Path(log))


def stop(served: Served) -> None:
    """End a page, whose log must tell of no fault in the program."""
    served.process.kill()
    served.process.wait()
    said = served.said
    served.log.unlink()
    assert "Traceback" not in said, said

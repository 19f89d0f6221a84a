"""Bounds of time and memory for what is under test."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


@contextmanager
def limited(seconds: float = 10.0, megabytes: int = 300) -> Iterator[None]:
    """Raise ``AssertionError`` for more seconds, or more megabytes than were in use before.

    The seconds are processor time, which a busy machine does not lengthen; what waits for ever is
    ended by the limit of pytest. Only for the main thread. A gigabyte above is a wall that no
    allocation passes.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise _OverTimeError

    before = _memory("VmRSS")
    _forget_peak()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wall = (_memory("VmSize") + megabytes + 1024) * 2**20
    handler = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (wall, hard))
    try:
        yield
    except _OverTimeError as error:
        raise AssertionError(f"it computed for more than {seconds} s") from error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
    taken = _memory("VmHWM") - before
    assert taken <= megabytes, f"it took {taken} MB of memory, more than {megabytes}"


class _OverTimeError(BaseException):
    """Not to be caught by what is under test."""


def _memory(name: str) -> int:
    """Read what the system counts for this process, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) // 1024
    raise LookupError(name)


def _forget_peak() -> None:
    """Count the peak of memory from now on."""
    Path("/proc/self/clear_refs").write_text("5")

"""Decoding in a process apart, which is killed when it takes too long or too much memory."""

import json
import multiprocessing
import sys
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess, SpawnProcess
from typing import Any, Self

import numpy as np

from gnomon.errors import ImageError, LimitError
from gnomon.images.decode import rgb_from_bytes
from gnomon.images.picture import Picture, Rgb
from gnomon.limits import Limits

PAGE = 4096
MOST_WORDS = 1 << 20
"""Bytes that a verdict has at most."""


class Sandbox:
    """Decodes files that nobody vouches for; not for several threads at once.

    The process apart gets an image's bytes and gives pixels or a sentence, both as plain bytes: it
    could be taken over without taking this one over. It serves many images, until one exceeds
    ``limits.max_seconds`` or ``limits.max_memory_mb``; then another takes its place.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: ForkServerProcess | SpawnProcess | None = None
        self._pipe: Connection | None = None

    def decode(self, content: bytes, name: str) -> Picture:
        """Decode a file's bytes; ``ImageError`` as `decode` has it, or for a limit."""
        try:
            pipe = self._begin()
            pipe.send_bytes(name.encode("utf-8", "surrogateescape"))
            pipe.send_bytes(content)
            if not pipe.poll(self._limits.max_seconds):
                self.close()
                raise LimitError(
                    f"{name}: not decoded within max_seconds = {self._limits.max_seconds:g} s; save"
                    " it as PNG or JPEG, or raise it (gnomon detect --max-seconds)"
                )
            return Picture(self._pixels(pipe), name)
        except (EOFError, OSError, ValueError, KeyError, TypeError) as error:
            said = self._last_words()
            status = None if self._process is None else self._process.exitcode
            self.close()
            raise said or ImageError(
                f"{name}: its decoding ended the process that it ran in (status {status});"
                " fetch it or save it again"
            ) from error

    def _pixels(self, pipe: Connection) -> Rgb:
        """Receive a verdict, and the pixels (h,w,3) where there are some."""
        verdict = json.loads(pipe.recv_bytes(MOST_WORDS))
        if "error" in verdict:
            raise _error(verdict)
        height, width = int(verdict["height"]), int(verdict["width"])
        if not 0 < height * width <= self._limits.max_pixels:
            raise ValueError(f"{width}x{height} pixels")
        rgb = np.empty((height, width, 3), np.uint8)
        if pipe.recv_bytes_into(rgb.data.cast("B")) != rgb.nbytes:
            raise ValueError("too few pixels")
        return rgb

    def _last_words(self) -> ImageError | None:
        """Return what the process said before it ended, if it did."""
        try:
            if self._pipe is not None and self._pipe.poll(0):
                return _error(json.loads(self._pipe.recv_bytes(MOST_WORDS)))
        except (EOFError, OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def _begin(self) -> Connection:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self.close()
            kind = "spawn" if sys.platform == "win32" else "forkserver"
            context: Any = multiprocessing.get_context(kind)
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=serve, args=(theirs, self._limits), daemon=True, name="gnomon-decode"
            )
            self._process.start()
            theirs.close()
            self._pipe.recv_bytes()  # The limit on time is for decoding, not for starting.
        return self._pipe

    def close(self) -> None:
        """End the process, if there is one."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(pipe: Connection, limits: Limits) -> None:
    """Decode what comes through the pipe, until it is closed or memory runs out."""
    _bound_memory(limits)
    pipe.send_bytes(b"ready")
    while True:
        name = ""
        try:
            name = pipe.recv_bytes().decode("utf-8", "surrogateescape")
            rgb = rgb_from_bytes(pipe.recv_bytes(), name, limits)
        except (EOFError, OSError):
            return
        except MemoryError:
            # Another process takes over: this one's memory is in pieces.
            _answer(pipe, error=_too_much(name, limits), limit=True)
            return
        except ImageError as error:
            _answer(pipe, error=str(error), limit=isinstance(error, LimitError))
        else:
            _answer(pipe, width=rgb.shape[1], height=rgb.shape[0])
            pipe.send_bytes(rgb.data.cast("B"))
            del rgb


def _too_much(name: str, limits: Limits) -> str:
    return (
        f"{name}: its decoding takes more than max_memory_mb = {limits.max_memory_mb:,g} MB; make"
        " it smaller, or raise it (--max-memory-mb)"
    )


def _answer(pipe: Connection, **verdict: str | int) -> None:
    pipe.send_bytes(json.dumps(verdict).encode())


def _error(verdict: dict[str, Any]) -> ImageError:
    """Make the error that the process apart met."""
    return (LimitError if verdict.get("limit") else ImageError)(str(verdict["error"]))


def _bound_memory(limits: Limits) -> None:
    """Let the process grow by so much from here, where the system can see to that."""
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * PAGE
    most = now + int(limits.max_memory_mb * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

"""Decoding in a process apart, which is killed when it takes too long or too much memory."""

import json
import multiprocessing
import sys
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess, SpawnProcess
from typing import Any, Self

import numpy as np

from gnomon.errors import ImageError
from gnomon.images.decode import decode
from gnomon.images.picture import Picture
from gnomon.limits import Limits

PAGE = 4096


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
                raise ImageError(
                    f"{name}: not decoded within {self._limits.max_seconds:g} s; save it as PNG or"
                    " JPEG, or raise max_seconds"
                )
            verdict = json.loads(pipe.recv_bytes())
            if "error" in verdict:
                raise ImageError(verdict["error"])
            shape = (int(verdict["height"]), int(verdict["width"]), 3)
            pixels = np.frombuffer(bytearray(pipe.recv_bytes()), np.uint8)
            return Picture(pixels.reshape(shape), name)
        except (EOFError, OSError, ValueError, KeyError) as error:
            status = None if self._process is None else self._process.exitcode
            self.close()
            raise ImageError(
                f"{name}: its decoding ended the process that it ran in (status {status});"
                " fetch it or save it again"
            ) from error

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
    """Decode what comes through the pipe, until it is closed."""
    _bound_memory(limits)
    pipe.send_bytes(b"ready")
    while True:
        try:
            name = pipe.recv_bytes().decode("utf-8", "surrogateescape")
            content = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            picture = decode(content, limits=limits, name=name)
        except MemoryError:
            _answer(pipe, error=f"{name}: decoding needs more than {limits.max_memory_mb:,g} MB")
        except ImageError as error:
            _answer(pipe, error=str(error))
        else:
            width, height = picture.size
            _answer(pipe, width=width, height=height)
            pipe.send_bytes(picture.rgb.tobytes())
            del picture


def _answer(pipe: Connection, **verdict: str | int) -> None:
    pipe.send_bytes(json.dumps(verdict).encode())


def _bound_memory(limits: Limits) -> None:
    """Let the process grow by so much from here, where the system can see to that."""
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * PAGE
    most = now + int(limits.max_memory_mb * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

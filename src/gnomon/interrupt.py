"""Ctrl-C, also where a library turns it into an error of its own."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Any, Protocol, Self


class Stop(Protocol):
    """Asks work to end soon."""

    @property
    def seen(self) -> bool:
        """Return whether it should."""

    def raising(self) -> AbstractContextManager[None]:
        """Allow ``KeyboardInterrupt`` inside: nowhere else is half-done work safe from it."""


class Interrupts:
    """Notes Ctrl-C, or another signal; a context for the main thread.

    It raises ``KeyboardInterrupt`` inside ``raising``, in ``check``, and wherever it comes a second
    time.
    Raised inside compiled code, it can come out as another exception, which must not pass for a bad
    input: ``seen`` tells.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        self.seen = False
        self._raises = False
        self._number = number
        self._before: Any = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.seen = self.seen, True
        if self._raises or again:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` if it came."""
        if self.seen:
            raise KeyboardInterrupt

    @contextmanager
    def raising(self) -> Iterator[None]:
        """See `Stop`."""
        try:
            self._raises = True
            self.check()
            yield
        finally:
            self._raises = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(self._number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(self._number, self._before)

"""The review as a page writes it: an event counts when it is on disk.

The file only grows. A line is on disk before the next is taken, so a review survives all that
happens to the page it is made on; and several pages, in one process or many, write one after the
other, each knowing what the others have written.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gnomon.errors import RunError
from gnomon.runs.review import FILE_NAME, Review, content_of, events_of
from gnomon.runs.review_event import Event


class ReviewFile(Review):
    """A review that writes itself; ``RunError`` where the file cannot be read or written."""

    def __init__(self, run: Path) -> None:
        self.path = run / FILE_NAME
        self._read_again()

    def _read_again(self) -> None:
        content = content_of(self.path) if self.path.exists() else b""
        super().__init__(events_of(content, self.path))
        self._length = len(content)

    def refresh(self) -> None:
        """Take in what another page has written since."""
        if self.path.exists() and self.path.stat().st_size != self._length:
            self._read_again()

    def record(self, event: Event) -> None:
        """Write one event, synced."""
        self.write(lambda: event)

    def write(self, make: Callable[[], Event | None]) -> Event | None:
        """Write the event that ``make`` makes of what stands, synced, and give it.

        Nobody else writes between the two, so that what is made of the review, such as the rank of
        a new point, is still true of it. Nothing is written where there is no event.
        """
        try:
            with self._held() as file:
                self.refresh()
                if (event := make()) is not None:
                    self._append(file, event)
        except OSError as error:
            raise RunError(f"{self.path} cannot be written: {error}") from error
        return event

    def undo(self) -> Event | None:
        """Take back the last event that stands, and give it; ``None`` where there is none."""
        written = self.write(self._undone) if self.path.exists() else None
        return None if written is None or written.undoes is None else self.events[written.undoes]

    def _undone(self) -> Event | None:
        if (number := self.latest) is None:
            return None
        return Event(kind="undone", image_id=self.events[number].image_id, undoes=number)

    def _append(self, file: BinaryIO, event: Event) -> None:
        line = event.line()
        if file.tell() != self._length:
            file.truncate(self._length)  # a line that a crash cut short
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
        self._length += len(line)
        self._take(event)

    @contextmanager
    def _held(self) -> Iterator[BinaryIO]:
        """Open the file to write at its end, once nobody else does."""
        with self.path.open("ab") as file:
            try:
                import fcntl
            except ImportError:  # a system without such locks: one page at a time there
                pass
            else:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0, os.SEEK_END)
            yield file

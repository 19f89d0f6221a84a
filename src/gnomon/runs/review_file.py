"""The review as a page writes it: an event counts when it is on disk.

The file only grows. A line is on disk before the next is taken, so a review survives all that
happens to the page it is made on; and several pages, in one process or many, write one after the
other, each knowing what the others have written.
"""

import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from gnomon.disk import RefusedError, add, reason_of
from gnomon.errors import RunError
from gnomon.runs.review import FILE_NAME, Review, events_of
from gnomon.runs.review_event import Event
from gnomon.runs.store import LocalStore


class ReviewFile(Review):
    """A review that writes itself; ``RunError`` where the file cannot be read or written."""

    def __init__(self, run: Path) -> None:
        self.path = run / FILE_NAME
        self._store = LocalStore(run)
        self._read_again()

    def _read_again(self) -> None:
        """Read the whole lines; a last one may have been cut short."""
        content = self._store.read(FILE_NAME) if self._store.exists(FILE_NAME) else b""
        self._length = content.rfind(b"\n") + 1
        if len(content) > self._length and content[self._length : self._length + 1] != b"{":
            raise RunError(f"{self.path} ends in what is no event of a review; move it away")
        super().__init__(events_of(content[: self._length], self.path))

    def refresh(self) -> None:
        """Take in what another page has written since."""
        if self._store.exists(FILE_NAME) and self._store.size(FILE_NAME) != self._length:
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
            with self._store.folder.held(FILE_NAME, wait=True) as file:
                self.refresh()
                if (event := make()) is not None:
                    self._append(file, event)
        except RefusedError as error:
            raise RunError(str(error)) from error
        except OSError as error:
            raise RunError(f"{self.path} cannot be written: {reason_of(error)}") from error
        return event

    def undo(self) -> Event | None:
        """Take back the last event that stands, and give it; ``None`` where there is none."""
        written = self.write(self._undone)
        return None if written is None or written.undoes is None else self.events[written.undoes]

    def _undone(self) -> Event | None:
        if (number := self.latest) is None:
            return None
        return Event(kind="undone", image_id=self.events[number].image_id, undoes=number)

    def _append(self, file: FileIO, event: Event) -> None:
        line = event.line()
        if os.fstat(file.fileno()).st_size != self._length:
            file.truncate(self._length)  # a line that a crash cut short
        add(file, line)
        os.fsync(file.fileno())
        self._length += len(line)
        self._take(event)

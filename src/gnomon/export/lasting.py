"""A file to a library that does not live through a full disk."""

import io
from io import FileIO
from typing import Any


class Lasting(io.RawIOBase):
    """A file that seems never to fail, so that whoever writes to it comes to an end.

    HDF5 ends the process where it cannot write what it still holds when a file is closed. Here the
    first ``error`` is kept for the one who watches; what is written after it is held in memory, and
    read again from there.
    """

    def __init__(self, file: FileIO) -> None:
        self.error: OSError | None = None
        self._file = file
        self._place = 0
        self._held: list[tuple[int, bytes]] = []

    def check(self) -> None:
        """Raise the error, if there was one."""
        if self.error is not None:
            raise self.error

    def readable(self) -> bool:
        """See ``io``."""
        return True

    def writable(self) -> bool:
        """See ``io``."""
        return True

    def seekable(self) -> bool:
        """See ``io``."""
        return True

    def tell(self) -> int:
        """See ``io``."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See ``io``."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length()}[whence]
        self._place = start + offset
        return self._place

    def write(self, content: Any) -> int:
        """See ``io``."""
        rest = memoryview(content).cast("B")
        length, place = len(rest), self._place
        self._place += length
        try:
            while rest and self.error is None:
                self._file.seek(place)
                count = self._file.write(rest) or 0
                rest, place = rest[count:], place + count
        except OSError as error:
            self.error = error
        if rest:
            self._held.append((place, bytes(rest)))
        return length

    def readinto(self, buffer: Any) -> int:
        """See ``io``."""
        target = memoryview(buffer).cast("B")
        wanted = max(min(len(target), self._length() - self._place), 0)
        target[:wanted] = bytes(wanted)
        self._file.seek(self._place)
        found = self._file.read(wanted) or b""
        target[: len(found)] = found
        for place, content in self._held:
            first = max(place, self._place)
            last = min(place + len(content), self._place + wanted)
            if first < last:
                target[first - self._place : last - self._place] = content[
                    first - place : last - place
                ]
        self._place += wanted
        return wanted

    def truncate(self, size: int | None = None) -> int:
        """See ``io``."""
        size = self._place if size is None else size
        try:
            if self.error is None:
                self._file.truncate(size)
        except OSError as error:
            self.error = error
        return size

    def _length(self) -> int:
        ends = [place + len(content) for place, content in self._held]
        return max([self._file.seek(0, io.SEEK_END), *ends])

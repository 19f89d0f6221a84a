"""Where a run lies: a folder of this machine, or one that a URL names."""

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from gnomon.disk import Batch, Folder, RefusedError, is_aside, reason_of
from gnomon.errors import RunError
from gnomon.images.read import is_url
from gnomon.runs.url_store import LEASE, UrlStore

LOCK = ".lock"
"""What the writer of a run of this machine holds by the system's lock."""

T = TypeVar("T")


class Store(Protocol):
    """Files by name, ``/`` between folders; all errors but that of a missing file are ``RunError``.

    No name leads out of the folder, and what is read is a regular file: in a run of this machine a
    link, a FIFO or a device is a ``RunError``.
    """

    def __str__(self) -> str:
        """Return the path or URL."""

    def read(self, name: str, most: int | None = None) -> bytes:
        """Read a file, at most so many bytes; ``FileNotFoundError`` where there is none."""

    def open(self, name: str) -> BinaryIO:
        """Open a file to read and to seek in; ``FileNotFoundError`` where there is none."""

    def size(self, name: str) -> int:
        """Return a file's length in bytes; ``FileNotFoundError`` where there is none."""

    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that it appears whole or not at all."""

    def append(self, name: str, content: bytes) -> None:
        """Add to a file; at once on this machine, and by ``close`` at the latest."""

    def names(self, folder: str = "") -> list[str]:
        """Name what lies in a folder, sorted, without what is hidden; none where it is absent."""

    def is_free(self) -> bool:
        """Return whether a new run may begin here: nothing, or at most a killed start, is there."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def remove_folder(self, name: str) -> None:
        """Remove a folder, if it is there and empty."""

    def sweep(self) -> None:
        """Remove what killed writers left half written."""

    def close(self) -> None:
        """Finish what was appended."""


def open_store(place: "str | Path | Store") -> Store:
    """Open a path or a URL."""
    if isinstance(place, str) and is_url(place):
        return UrlStore(place)
    if isinstance(place, str | Path) and "\0" in str(place):
        raise RunError(f"{str(place)!r} is no path of a folder; give one that `--out` named")
    return LocalStore(Path(place)) if isinstance(place, str | Path) else place


class LocalStore:
    """A folder of this machine: whatever links lie in it, nothing else is read or written.

    Links in the path that leads to it are followed, for the user named it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = Folder(root)

    def __str__(self) -> str:
        return str(self.root)

    def read(self, name: str, most: int | None = None) -> bytes:
        """See `Store`."""
        return self._asked(name, lambda: self.folder.read(name, most))

    def open(self, name: str) -> BinaryIO:
        """See `Store`."""
        return self._asked(name, lambda: self.folder.open(name))

    def size(self, name: str) -> int:
        """See `Store`."""
        return self._asked(name, lambda: self.folder.size(name))

    def exists(self, name: str) -> bool:
        """See `Store`."""
        return self._asked(name, lambda: self.folder.exists(name))

    def write(self, name: str, content: bytes) -> None:
        """See `Store`."""
        with self._writing():
            self.folder.write(name, content)

    @contextmanager
    def together(self) -> Iterator[Batch]:
        """Write several files that appear together, or none of them."""
        with self._writing(), Batch(self.folder) as batch:
            yield batch

    def check_writable(self) -> None:
        """See that files can be written here, leaving nothing; ``RunError`` where they cannot."""
        with self._writing():
            self.folder.probe()

    def append(self, name: str, content: bytes) -> None:
        """See `Store`."""
        with self._writing():
            self.folder.append(name, content)

    def names(self, folder: str = "") -> list[str]:
        """See `Store`."""
        return self._asked(folder, lambda: self.folder.names(folder))

    def is_free(self) -> bool:
        """See `Store`."""
        if self.root.exists() and not self.root.is_dir():
            return False
        found = self._asked("", self.folder.entries)
        return all(
            stat.S_ISREG(what.st_mode) and (name in (LOCK, LEASE) or is_aside(name))
            for name, what in found
        )

    def remove(self, name: str) -> None:
        """See `Store`."""
        with self._writing():
            self.folder.remove(name)

    def remove_folder(self, name: str) -> None:
        """See `Store`."""
        self.folder.remove_folder(name)

    def sweep(self) -> None:
        """See `Store`."""
        with self._writing():
            self.folder.sweep()

    def close(self) -> None:
        """Nothing is left to do."""

    def _asked(self, name: str, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except FileNotFoundError:
            raise
        except RefusedError as error:
            raise RunError(str(error)) from error
        except OSError as error:
            place = f"{self.root}/{name}" if name else str(self.root)
            raise RunError(f"{place} cannot be read: {reason_of(error)}") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except RefusedError as error:
            raise RunError(str(error)) from error
        except OSError as error:
            raise RunError(
                f"{self.root} cannot be written: {reason_of(error)}; make room or mend it,"
                " then try again (detect and train go on by --resume)"
            ) from error

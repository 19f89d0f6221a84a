"""A folder whose files are reached by name; no link below it is followed."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from gnomon.disk.here import Here, inside, unmake
from gnomon.disk.names import RefusedError, aside_of, is_aside, steps


class Folder:
    """A folder that the user named, resolved once; links in that path are followed.

    Files in it have names with ``/`` between folders. Errors are ``OSError``, those about a link, a
    device or a name that leads elsewhere are ``RefusedError``.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)
        self._real = os.path.realpath(root)

    def open(self, name: str) -> BinaryIO:
        """Open a regular file to read; it can be sought in."""
        with self._at(name) as (here, last):
            return os.fdopen(here.open(last, os.O_RDONLY), "rb")

    def read(self, name: str, most: int | None = None) -> bytes:
        """Read a file; ``RefusedError`` where it has more than ``most`` bytes."""
        with self.open(name) as file:
            if most is None:
                return file.read()
            content = file.read(most + 1)
        if len(content) > most:
            raise RefusedError(f"is larger than the {most:,} bytes that such a file may have")
        return content

    def size(self, name: str) -> int:
        """Return the length of a file in bytes."""
        with self.open(name) as file:
            return os.fstat(file.fileno()).st_size

    def exists(self, name: str) -> bool:
        """Return whether there is such a file; ``RefusedError`` if something else has its name."""
        try:
            with self._at(name) as (here, last):
                return here.is_plain(last)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def entries(self, folder: str = "") -> list[tuple[str, os.stat_result]]:
        """List what lies in a folder, hidden things too, each with what it is itself."""
        try:
            with inside(self._real, steps(folder) if folder else ()) as here:
                return list(here.entries())
        except FileNotFoundError:
            return []

    def names(self, folder: str = "") -> list[str]:
        """Name what lies in a folder, sorted, without what is hidden; none where it is absent."""
        return [name for name, _ in self.entries(folder) if not name.startswith(".")]

    def walk(self, folder: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """Yield everything below a folder but folders, by name, without following a link."""
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            for name, found in self.entries(place):
                path = f"{place}/{name}" if place else name
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(path)
                else:
                    yield path, found

    def refuse_links(self) -> None:
        """See that all below is regular files, for what writes here by path: ``RefusedError``."""
        for name, found in self.walk():
            if not stat.S_ISREG(found.st_mode):
                raise RefusedError(f"{name} is a link or no regular file; remove it")

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file that appears whole at the end, over an earlier one, or not at all."""
        with self._at(name, make=True) as (here, last), _aside(here, last) as (file, aside):
            yield file
            _finish(file)
            here.replace(aside, last)
            here.sync()

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file: a reader sees the old one or the new one, never half of one."""
        with self.writing(name) as file:
            file.write(content)

    def write_aside(self, name: str, content: bytes) -> "tuple[str, list[str]]":
        """Write what `put` makes a file of this name; give what it is called until then.

        And the folders that were made for it.
        """
        with self._at(name, make=True) as (here, last), _aside(here, last) as (file, aside):
            file.write(content)
            _finish(file)
            return f"{name.removesuffix(last)}{aside}", here.made

    def put(self, aside: str, name: str) -> None:
        """Return what was written aside its name."""
        with self._at(name) as (here, last):
            here.replace(steps(aside)[-1], last)
            here.sync()

    def create(self, name: str) -> BinaryIO:
        """Open a new file to write, not whole before it is closed, as in a folder not shown yet.

        ``FileExistsError`` where there is one.
        """
        with self._at(name, make=True) as (here, last):
            return os.fdopen(here.open(last, os.O_RDWR | os.O_CREAT | os.O_EXCL), "w+b")

    def create_text(self, name: str) -> TextIO:
        """Open a new text file to write, UTF-8, lines ending in a line feed."""
        return TextIOWrapper(self.create(name), "utf-8", "replace", newline="\n")

    def append(self, name: str, content: bytes) -> None:
        """Add to a file, all of the content or nothing."""
        with self._at(name, make=True) as (here, last), _to_add(here, last) as file:
            add(file, content)

    @contextmanager
    def held(self, name: str, *, wait: bool) -> Iterator[FileIO]:
        """Open a file to `add` to while nobody else holds it, where the system has such locks.

        ``BlockingIOError`` where somebody does, unless to ``wait`` for them. What is empty in the
        end is removed: the file, and the folder if it was made for it.
        """
        with self._at(name, make=True) as (here, last):
            while True:
                with _to_add(here, last) as file:
                    _lock(file, wait=wait)
                    if not _is_there(here, last, file):
                        continue  # It was removed while we waited for it.
                    try:
                        yield file
                    finally:
                        if os.fstat(file.fileno()).st_size == 0:
                            with suppress(OSError):
                                here.unlink(last)
                        unmake(here.made)
                return

    def probe(self) -> None:
        """Write and remove a file, to see that one can be written."""
        with inside(self._real, ()) as here, _aside(here, "probe") as (_, aside):
            here.unlink(aside)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there; of a link, the link itself."""
        with suppress(FileNotFoundError), self._at(name) as (here, last):
            here.unlink(last)

    def remove_folder(self, name: str) -> None:
        """Remove a folder, if it is there and empty."""
        with suppress(OSError), self._at(name) as (here, last):
            os.rmdir(here.at(last), dir_fd=here.handle)

    def sweep(self) -> None:
        """Remove what killed writers left half written, here and one folder down."""
        folders = [name for name, found in self.entries() if stat.S_ISDIR(found.st_mode)]
        for folder in ("", *folders):
            for name, found in self.entries(folder):
                if is_aside(name) and stat.S_ISREG(found.st_mode):
                    self.remove(f"{folder}/{name}" if folder else name)

    @contextmanager
    def _at(self, name: str, *, make: bool = False) -> Iterator[tuple[Here, str]]:
        *folders, last = steps(name)
        with inside(self._real, folders, make=make) as here:
            yield here, last


@contextmanager
def _aside(here: Here, name: str) -> Iterator[tuple[BinaryIO, str]]:
    """Open a file beside, which is removed where what follows fails."""
    here.is_plain(name)
    aside = aside_of(name)
    file = os.fdopen(here.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL), "w+b")
    try:
        with file:
            yield file, aside
    except BaseException:
        with suppress(OSError):
            here.unlink(aside)
        raise


def _finish(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def add(file: FileIO, content: bytes) -> None:
    """Write at the end of a file; where that fails, it is as long as before."""
    before = os.fstat(file.fileno()).st_size
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) or 0 :]
    except BaseException:
        os.ftruncate(file.fileno(), before)
        raise


def _to_add(here: Here, name: str) -> FileIO:
    """Open a file to add to; ``RefusedError`` where it has another name too, which would change."""
    handle = here.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    if os.fstat(handle).st_nlink > 1:
        os.close(handle)
        raise RefusedError(
            "is a hard link, so another file would change too; put a copy in its place",
            os.path.join(here.path, name),
        )
    return os.fdopen(handle, "ab", buffering=0)


def _is_there(here: Here, name: str, file: FileIO) -> bool:
    found = here.look(name)
    return found is not None and os.path.samestat(found, os.fstat(file.fileno()))


def _lock(file: FileIO, *, wait: bool) -> None:
    try:
        import fcntl
    except ImportError:  # a system without them
        return
    fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

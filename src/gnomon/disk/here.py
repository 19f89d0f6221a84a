"""An open folder: what is named in it is in it, whatever is renamed or linked meanwhile.

Where the system knows no paths relative to an open folder (Windows), each step is looked at before
it is taken, and a link is refused; somebody who swaps a folder for a link between the two is not
noticed there.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from gnomon.disk.names import RefusedError

RELATIVE = (
    hasattr(os, "O_NOFOLLOW") and {os.open, os.mkdir, os.unlink, os.stat} <= os.supports_dir_fd
)
"""Whether this system takes paths relative to an open folder."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FILE = (
    _NO_LINK
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

LINK = (
    "leads out of its folder by a link; remove the link, for below a folder that is given gnomon"
    " follows none"
)


@dataclass(slots=True)
class Here:
    """A folder that is open at ``handle``, or that is ``path`` where there are no handles.

    ``made`` are the folders that were made on the way, the deepest last.
    """

    path: str
    handle: int | None
    made: list[str] = field(default_factory=list)

    def at(self, name: str) -> str:
        """Return what to call a name in system calls that also take ``dir_fd=handle``."""
        return os.path.join(self.path, name) if self.handle is None else name

    def look(self, name: str) -> os.stat_result | None:
        """Look at what has a name, not through it; ``None`` where nothing has."""
        try:
            return os.stat(self.at(name), dir_fd=self.handle, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def is_plain(self, name: str) -> bool:
        """Return whether a regular file has this name; ``RefusedError`` if something else has."""
        found = self.look(name)
        if found is None:
            return False
        if _is_link(found):
            raise RefusedError(LINK, os.path.join(self.path, name))
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise RefusedError(
                f"is {kind} where gnomon keeps a file; move it away", os.path.join(self.path, name)
            )
        return True

    def open(self, name: str, flags: int) -> int:
        """Open a regular file, which ``flags`` may create; never waits for a FIFO or a device."""
        self.is_plain(name)
        try:
            handle = os.open(self.at(name), flags | _FILE, 0o666, dir_fd=self.handle)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise RefusedError(LINK, os.path.join(self.path, name)) from error
            raise
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise RefusedError("is no regular file; move it away", os.path.join(self.path, name))
        return handle

    def replace(self, name: str, other: str) -> None:
        """Rename a file in this folder, over the other if there is one."""
        os.replace(self.at(name), self.at(other), src_dir_fd=self.handle, dst_dir_fd=self.handle)

    def unlink(self, name: str) -> None:
        """Remove a file; of a link, the link itself."""
        os.unlink(self.at(name), dir_fd=self.handle)

    def sync(self) -> None:
        """Bring renames to the disk, where the system can: after a power cut they still hold."""
        if self.handle is not None:
            os.fsync(self.handle)

    def entries(self) -> Iterator[tuple[str, os.stat_result]]:
        """Return what lies in the folder by name, hidden things too, and what each is itself."""
        for name in sorted(os.listdir(self.path if self.handle is None else self.handle)):
            found = self.look(name)
            if found is not None:
                yield name, found


@contextmanager
def inside(real: str, folders: Sequence[str], *, make: bool = False) -> Iterator[Here]:
    """Open a folder below ``real``, whose own path has no link in it, step by step.

    With ``make``, folders that are missing are made; they are removed again, as far as they are
    empty, where what is done inside fails.
    """
    here = Here(real, None)
    try:
        if make:
            _make_all(real, here.made)
        if RELATIVE:
            here.handle = os.open(real, _FOLDER)
        for folder in folders:
            _enter(here, folder, make=make)
        yield here
    except BaseException:
        unmake(here.made)
        raise
    finally:
        if here.handle is not None:
            os.close(here.handle)


def unmake(made: list[str]) -> None:
    """Remove folders that were made, as far as they are empty."""
    for path in reversed(made):
        with suppress(OSError):
            os.rmdir(path)


def _make_all(real: str, made: list[str]) -> None:
    missing = []
    while not os.path.isdir(real):
        missing.append(real)
        real = os.path.dirname(real)
    for path in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(path)
            made.append(path)


def _enter(here: Here, folder: str, *, make: bool) -> None:
    if make:
        with suppress(FileExistsError):
            os.mkdir(here.at(folder), dir_fd=here.handle)
            here.made.append(os.path.join(here.path, folder))
    found = here.look(folder)
    if found is not None and _is_link(found):
        raise RefusedError(LINK, os.path.join(here.path, folder))
    if here.handle is not None:
        below = os.open(folder, _FOLDER | _NO_LINK, dir_fd=here.handle)
        os.close(here.handle)
        here.handle = below
    elif found is None or not stat.S_ISDIR(found.st_mode):
        kind = errno.ENOENT if found is None else errno.ENOTDIR
        raise OSError(kind, os.strerror(kind), os.path.join(here.path, folder))
    here.path = os.path.join(here.path, folder)


def _is_link(found: os.stat_result) -> bool:
    """Return whether this is a symbolic link, or on Windows a junction or the like."""
    reparse: int = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)
    return stat.S_ISLNK(found.st_mode) or bool(getattr(found, "st_file_attributes", 0) & reparse)

"""An audit of what Python does while a hostile file is read."""

import os
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any
from unittest.mock import patch

MARK = "hostile_mark"
"""A module and a file that nobody has: whoever imports or makes it obeys a file."""


@contextmanager
def watched(
    allowed_folders: Collection[str | Path], *, forbidden_imports: Collection[str] = (MARK,)
) -> Iterator[None]:
    """Raise ``AssertionError`` with a list of all that was done and must not be done.

    That is: writing, removing or renaming anything outside ``allowed_folders``, links followed;
    running code that lies in one of them, or importing one of ``forbidden_imports``; starting a
    process; unpickling; and asking a socket for anything. Native code that opens files by itself is
    not seen: see ``unchanged``. Import what is needed before, for imports may do such things.
    """
    watch = _Watch(
        tuple(os.path.realpath(one) for one in allowed_folders), tuple(forbidden_imports)
    )
    _listen()
    _WATCHES.append(watch)
    try:
        with patch("os.open", _open_at):
            yield
    finally:
        _WATCHES.remove(watch)
    assert not watch.done, "\n".join(watch.done)


@contextmanager
def unchanged(*folders: str | Path) -> Iterator[None]:
    """Raise ``AssertionError`` where a file in ``folders`` came, went, or changed."""
    before = {str(path): what for one in folders for path, what in _tree(Path(one))}
    yield
    after = {str(path): what for one in folders for path, what in _tree(Path(one))}
    changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    assert not changed, f"changed: {sorted(changed)}"


@dataclass(slots=True)
class _Watch:
    allowed: tuple[str, ...]
    forbidden: tuple[str, ...]
    done: list[str] = field(default_factory=list)

    def see(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self._opened(*args[:3])
        elif event in _CHANGES:
            for place, at in _CHANGES[event]:
                handle = args[at] if at is not None and len(args) > at else -1
                self._changed(event, _place(args[place], handle))
        elif event == "import":
            if str(args[0]).partition(".")[0] in self.forbidden:
                self.done.append(f"import {args[0]}")
        elif event == "exec":
            code = args[0]
            if isinstance(code, CodeType) and self._inside(os.path.realpath(code.co_filename)):
                self.done.append(f"ran {code.co_filename}")
        elif event == "ctypes.dlopen":
            if args[0] and self._inside(os.path.realpath(os.fsdecode(args[0]))):
                self.done.append(f"loaded {args[0]}")
        elif event in _NEVER:
            self.done.append(f"{event} {args!r:.200}")

    def _opened(self, path: object, mode: object, flags: int) -> None:
        writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        nameless = flags & os.O_TMPFILE == os.O_TMPFILE
        if writing and not nameless and isinstance(path, str | bytes | os.PathLike):
            place = _place(path, getattr(_HANDLE, "dir_fd", None))
            if not flags & os.O_NOFOLLOW:
                place = os.path.realpath(place)
            self._changed("open to write", place)

    def _changed(self, what: str, place: str) -> None:
        harmless = place == os.devnull or place.startswith("/proc/") or _CACHE in place
        if not harmless and not self._inside(place):
            self.done.append(f"{what} {place}")

    def _inside(self, place: str) -> bool:
        return any(place == one or place.startswith(one + os.sep) for one in self.allowed)


_CACHE = f"{os.sep}__pycache__{os.sep}"
_WATCHES: list[_Watch] = []
_HANDLE = threading.local()
_CHANGES: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((1, 3),),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.setxattr": ((0, None),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
    "shutil.rmtree": ((0, 1),),
    "sqlite3.connect": ((0, None),),
}
"""Events that change a file: the places of the path and of its folder's handle in the arguments."""
_NEVER = frozenset({
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system",
    "pickle.find_class", "pty.spawn", "socket.bind", "socket.connect", "socket.getaddrinfo",
    "socket.gethostbyname", "socket.sendmsg", "socket.sendto", "subprocess.Popen", "urllib.Request",
    "webbrowser.open",
})  # fmt: skip
_listening = False


def _listen() -> None:
    """Add the hook, once: Python keeps it for good, and without a watch it does nothing."""
    global _listening
    if not _listening:
        _listening = True
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for watch in tuple(_WATCHES):
        watch.see(event, args)


_system_open = os.open


def _open_at(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """Open as ``os.open`` does, whose event does not tell the folder."""
    _HANDLE.dir_fd = dir_fd
    try:
        return _system_open(path, flags, mode, dir_fd=dir_fd)
    finally:
        _HANDLE.dir_fd = None


def _place(path: Any, handle: object) -> str:
    """Find where a path lies: links in its folder followed, the last name not."""
    if isinstance(path, int):
        return os.path.realpath(f"/proc/self/fd/{path}")
    text = os.fsdecode(path)
    if isinstance(handle, int) and handle >= 0 and not os.path.isabs(text):
        text = os.path.join(os.path.realpath(f"/proc/self/fd/{handle}"), text)
    folder, name = os.path.split(os.path.abspath(text))
    return os.path.join(os.path.realpath(folder), name)


def _tree(top: Path) -> Iterator[tuple[Path, str]]:
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink():
                yield path, f"link to {path.readlink()}"
            elif path.is_file():
                yield path, sha256(path.read_bytes()).hexdigest()
            else:
                yield path, "folder" if path.is_dir() else "special"

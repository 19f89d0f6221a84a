"""Where a run lies: a folder of this machine, or one that a URL names."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol

from gnomon.errors import RunError
from gnomon.images.read import is_url, open_url, patiently
from gnomon.runs.files import aside_of, is_aside, write_whole

LOCK = ".lock"
LEASE = "writer.json"
"""Which process writes here: the system's lock on this machine, a sign of life elsewhere."""

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "memory"})
"""Stores in which an object appears whole by itself; in others it is renamed into its place."""


class Store(Protocol):
    """Files by name, ``/`` between folders; all errors of writing are a ``RunError``."""

    def __str__(self) -> str:
        """Give the path or URL."""

    def read(self, name: str) -> bytes:
        """Read a file; ``FileNotFoundError`` where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that it appears whole or not at all."""

    def append(self, name: str, content: bytes) -> None:
        """Add to a file; at once on this machine, and by ``close`` at the latest."""

    def names(self, folder: str = "") -> list[str]:
        """Name what lies in a folder, sorted, without what is hidden; none where it is absent."""

    def is_free(self) -> bool:
        """Tell whether a new run may begin here: it is absent, or holds at most a killed start."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def sweep(self) -> None:
        """Remove what killed writers left half written."""

    def close(self) -> None:
        """Finish what was appended."""


def open_store(place: "str | Path | Store") -> Store:
    """Open a path or a URL."""
    if isinstance(place, str) and is_url(place):
        return UrlStore(place)
    return LocalStore(Path(place)) if isinstance(place, str | Path) else place


class LocalStore:
    """A folder of this machine; nothing is written outside it, whatever links lie in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def read(self, name: str) -> bytes:
        """See `Store`."""
        return (self.root / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """See `Store`."""
        try:
            write_whole(self._inside(name), content)
        except OSError as error:
            raise self._cannot(error) from error

    def append(self, name: str, content: bytes) -> None:
        """See `Store`."""
        try:
            with self._inside(name).open("ab") as file:
                file.write(content)
        except OSError as error:
            raise self._cannot(error) from error

    def names(self, folder: str = "") -> list[str]:
        """See `Store`."""
        try:
            with os.scandir(self.root / folder) as scan:
                return sorted(one.name for one in scan if not one.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunError(f"{self.root / folder} cannot be read: {error.strerror}") from error

    def is_free(self) -> bool:
        """See `Store`."""
        try:
            names = [path.name for path in self.root.iterdir()]
            return all(name in (LOCK, LEASE) or is_aside(name) for name in names)
        except FileNotFoundError:
            return True
        except NotADirectoryError:
            return False

    def remove(self, name: str) -> None:
        """See `Store`."""
        (self.root / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """See `Store`."""
        for path in (*self.root.glob(".*.part"), *self.root.glob("*/.*.part")):
            if is_aside(path.name):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is left to do."""

    def _inside(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        root, parent = os.path.realpath(self.root), os.path.realpath(path.parent)
        if os.path.commonpath([root, parent]) != root or path.is_symlink():
            raise RunError(
                f"{path} leads out of the run folder by a link; remove the link,"
                " for a run writes in its own folder only"
            )
        return path

    def _cannot(self, error: OSError) -> RunError:
        return RunError(
            f"{self.root} cannot be written: {error.strerror or error}; make room or mend it, then"
            " go on by --resume"
        )


class UrlStore:
    """A folder of any store that fsspec reaches; a failing request is tried again."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._files: Any
        self._files, self._root = open_url(self._url)
        self._appended: dict[str, Any] = {}

    def __str__(self) -> str:
        return self._url

    def read(self, name: str) -> bytes:
        """See `Store`."""
        try:
            content: bytes = patiently(lambda: self._files.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            raise
        except Exception as error:  # Each store has its own kinds of error.
            raise RunError(f"{self._url}/{name} cannot be read: {error}") from error
        return content

    def write(self, name: str, content: bytes) -> None:
        """See `Store`."""
        path = f"{self._root}/{name}"
        protocols = self._files.protocol
        kinds = {protocols} if isinstance(protocols, str) else set(protocols)
        aside = path if kinds & OBJECT_STORES else aside_of(path)

        def put() -> None:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(aside, content)
            if aside != path:
                self._files.mv(aside, path)

        try:
            patiently(put)
        except Exception as error:
            raise RunError(
                f"{self._url} cannot be written: {error}; mend it, then go on by --resume"
            ) from error

    def append(self, name: str, content: bytes) -> None:
        """See `Store`."""
        if name not in self._appended:
            self._appended[name] = TemporaryFile()  # noqa: SIM115 - open until `close`
            with suppress(FileNotFoundError):
                self._appended[name].write(self.read(name))
        self._appended[name].write(content)

    def names(self, folder: str = "") -> list[str]:
        """See `Store`."""
        path = f"{self._root}/{folder}".rstrip("/")

        def listed() -> list[str]:
            self._files.invalidate_cache()
            return list(self._files.ls(path, detail=False))

        try:
            found = patiently(listed)
        except FileNotFoundError:
            return []
        except Exception as error:
            raise RunError(f"{self._url}/{folder} cannot be read: {error}") from error
        names = (one.rstrip("/").rpartition("/")[2] for one in found if one.strip("/") != path)
        return sorted(name for name in names if name and not name.startswith("."))

    def is_free(self) -> bool:
        """See `Store`."""
        return set(self.names()) <= {LEASE}

    def remove(self, name: str) -> None:
        """See `Store`."""
        path = f"{self._root}/{name}"
        if patiently(lambda: bool(self._files.exists(path))):
            patiently(lambda: self._files.rm_file(path))

    def sweep(self) -> None:
        """Nothing is ever half written."""

    def close(self) -> None:
        """See `Store`."""
        for name, file in self._appended.items():
            with file:
                file.seek(0)
                self.write(name, file.read())
        self._appended.clear()

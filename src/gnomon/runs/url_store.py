"""A run behind a URL: a folder of any store that fsspec reaches."""

from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from gnomon.disk import RefusedError, aside_of
from gnomon.disk.names import steps
from gnomon.errors import RunError
from gnomon.images.read import open_url, patiently

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "memory"})
"""Stores in which an object appears whole by itself; in others it is renamed into its place."""
LEASE = "writer.json"
"""Which process writes here: a sign of life, for stores that have no locks."""


class UrlStore:
    """A folder of any store that fsspec reaches; a failing request is tried again."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._files: Any
        self._files, self._root = open_url(self._url)
        self._appended: dict[str, Any] = {}

    def __str__(self) -> str:
        return self._url

    def read(self, name: str, most: int | None = None) -> bytes:
        """See `Store`."""
        path = self._path(name)
        if most is not None and self.size(name) > most:
            raise RunError(f"{self._url}/{name} is larger than the {most:,} bytes that it may have")
        return cast(bytes, self._asked(name, lambda: self._files.cat_file(path)))

    def open(self, name: str) -> BinaryIO:
        """See `Store`."""
        path = self._path(name)
        return cast(BinaryIO, self._asked(name, lambda: self._files.open(path, "rb")))

    def size(self, name: str) -> int:
        """See `Store`."""
        path = self._path(name)
        return int(self._asked(name, lambda: self._files.info(path))["size"])

    def exists(self, name: str) -> bool:
        """See `Store`."""
        path = self._path(name)
        return bool(self._asked(name, lambda: self._files.isfile(path)))

    def write(self, name: str, content: bytes) -> None:
        """See `Store`."""
        path = self._path(name)
        protocols = self._files.protocol
        kinds = {protocols} if isinstance(protocols, str) else set(protocols)
        aside = path if kinds & OBJECT_STORES else _aside_of(path)

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
        path = self._path(folder) if folder else self._root

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
        path = self._path(name)
        if patiently(lambda: bool(self._files.exists(path))):
            patiently(lambda: self._files.rm_file(path))

    def remove_folder(self, name: str) -> None:
        """Folders are but parts of names here."""

    def sweep(self) -> None:
        """Nothing is ever half written."""

    def close(self) -> None:
        """See `Store`."""
        for name, file in self._appended.items():
            with file:
                file.seek(0)
                self.write(name, file.read())
        self._appended.clear()

    def _path(self, name: str) -> str:
        try:
            steps(name)
        except RefusedError as error:
            raise RunError(f"{self._url}: {error}") from error
        return f"{self._root}/{name}"

    def _asked(self, name: str, ask: Callable[[], Any]) -> Any:
        try:
            return patiently(ask)
        except FileNotFoundError:
            raise
        except Exception as error:  # Each store has its own kinds of error.
            raise RunError(f"{self._url}/{name} cannot be read: {error}") from error


def _aside_of(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/{aside_of(name)}"

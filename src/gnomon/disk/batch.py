"""Several files that appear together, after all of them could be written."""

from types import TracebackType
from typing import Self

from gnomon.disk.folder import Folder
from gnomon.disk.here import unmake


class Batch:
    """Files gathered beside their places; at the end of the context all take them.

    Where one cannot be written, none does, and the files that were there stay.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._written: list[tuple[str, str]] = []
        self._made: list[str] = []
        self._removed: list[str] = []

    def write(self, name: str, content: bytes) -> None:
        """Write a file aside."""
        aside, made = self._folder.write_aside(name, content)
        self._written.append((aside, name))
        self._made += made

    def remove(self, name: str) -> None:
        """Remove a file when the others are in their places."""
        self._removed.append(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                while self._written:
                    self._folder.put(*self._written[0])
                    self._written.pop(0)
                for name in self._removed:
                    self._folder.remove(name)
        finally:
            for aside, _ in self._written:
                self._folder.remove(aside)
            if self._written or kind is not None:
                unmake(self._made)

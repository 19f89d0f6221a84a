"""The photographs of a run, as far as they are here: each with the pixels that the run saw."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from pathlib import Path
from threading import Lock
from urllib.parse import unquote, urlsplit

from gnomon.errors import GnomonError, ImageError, LimitError, SettingError
from gnomon.images import Limits, Picture, decode
from gnomon.images.files import images_in
from gnomon.images.hosts import Hosts, NotNamedError
from gnomon.images.read import is_local_url, is_url, read_bytes
from gnomon.masking import is_masked, masked
from gnomon.path_text import text_path


class Absence(Enum):
    """Why a photograph is not here, and what to do about it."""

    GONE = ("not here", "say where they are now with --images FOLDER")
    CHANGED = ("not the run's any more", "give those that were detected in with --images FOLDER")
    UNREADABLE = ("there, but cannot be read", "give sound ones with --images FOLDER")
    TOO_LARGE = ("too large", "allow them more memory with --max-memory-mb")
    AWAY = ("behind a URL", "fetch them with --fetch, or give them with --images FOLDER")
    UNNAMED = ("on a host that only you can name", "name it with --fetch-from HOST")
    SECRET = ("behind a URL with a secret, which no run keeps", "give them with --images FOLDER")


class AbsentError(ImageError):
    """A photograph that is not here, and ``why``."""

    def __init__(self, message: str, why: Absence) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A photograph: where it is now, its file's bytes, and what they show."""

    place: str
    content: bytes
    picture: Picture


class Photographs:
    """Finds a run's photographs by their recorded paths, which are somebody else's words.

    ``images`` is a folder that they are in now, with whatever folders below. A recorded path to
    this machine is opened as a regular file, read-only. A URL is asked with ``fetch`` where its
    address is public, and where its host is one of ``hosts`` in any case. Whatever is found counts
    only where its pixels have the run's hash. ``absent`` says of each path why it is not here.
    """

    def __init__(
        self,
        images: Path | None = None,
        *,
        fetch: bool = False,
        hosts: Hosts = Hosts(),
        limits: Limits = Limits(),
    ) -> None:
        if images is not None and not images.is_dir():
            raise SettingError(f"images is {str(images)!r}; it is a folder that holds photographs")
        self.absent: dict[str, Absence] = {}
        self._folder, self._fetch, self._hosts = images, fetch, hosts
        self._limits = limits
        self._index: defaultdict[str, list[str]] | None = None
        self._hashes: dict[str, str] = {}
        self._lock = Lock()

    def picture(self, path: str, content_hash: str) -> Picture:
        """Decode a photograph of the run; ``ImageError`` where it is not here."""
        return self.find(path, content_hash).picture

    def place(self, path: str, content_hash: str) -> str:
        """Return where a photograph is now, if there is a folder to find it in; else as recorded.

        It is a path to open, no text of one.
        """
        if self._folder is None:
            return text_path(path)
        try:
            return self.find(path, content_hash).place
        except AbsentError:
            return text_path(path)

    def find(self, path: str, content_hash: str) -> Found:
        """Find a photograph of the run by its recorded path and hash.

        ``ImageError`` says why it is not here, which is noted in ``absent``.
        """
        error = _absent(path, Absence.GONE)
        for place in self._places(path):
            try:
                found = self._at(place, path, content_hash)
            except AbsentError as other:
                if other.why is not Absence.GONE:
                    error = other
            else:
                self.absent.pop(path, None)
                return found
        self.absent[path] = error.why
        raise error

    def _at(self, place: str, path: str, content_hash: str) -> Found:
        """Read what is at a place; ``AbsentError`` where it is not the photograph."""
        if self._hashes.get(place, content_hash) != content_hash:
            raise _absent(path, Absence.CHANGED)
        try:
            content = self._content(place, path)
            picture = decode(content, limits=self._limits, name=masked(path))
        except AbsentError:
            raise
        except LimitError as error:
            raise AbsentError(str(error), Absence.TOO_LARGE) from error
        except NotNamedError as error:
            raise AbsentError(str(error), Absence.UNNAMED) from error
        except GnomonError as error:
            there = is_elsewhere(place) or os.path.lexists(place)
            raise AbsentError(str(error), Absence.UNREADABLE if there else Absence.GONE) from error
        if picture.content_hash != content_hash:
            self._hashes[place] = picture.content_hash
            raise _absent(path, Absence.CHANGED)
        return Found(place, content, picture)

    def _content(self, place: str, path: str) -> bytes:
        if is_elsewhere(place):
            if is_masked(place):
                raise _absent(path, Absence.SECRET)
            if not self._fetch and not self._hosts.has_host_of(place):
                raise _absent(path, Absence.AWAY)
        return read_bytes(place, self._limits, name=path, hosts=self._hosts)

    def _places(self, path: str) -> Iterator[str]:
        """Return where a photograph may be: the likeliest first.

        An earlier gnomon, and Windows, have backslashes that are no escapes.
        """
        paths = dict.fromkeys((text_path(path), path))
        if self._folder is not None:
            for one in paths:
                yield from self._in_folder(self._folder, one)
        for one in paths:
            yield one.partition("://")[2] if is_local_url(one) else one

    def _in_folder(self, folder: Path, path: str) -> list[str]:
        """List the files of the photograph's name, those whose folders have its names too first."""
        with self._lock:
            if self._index is None:
                self._index = defaultdict(list)
                for one in images_in(folder):
                    self._index[one.name].append(str(one))
        *above, name = _steps(path)
        parts = (name.partition("#")[0], name.rpartition("#")[2], name.rpartition("\\")[2])
        names = dict.fromkeys((name, *parts))
        places = [place for one in names for place in self._index.get(one, ())]
        plain = [one for one in names if one and os.path.basename(one) == one]
        places += [place for one in plain if os.path.isfile(place := os.path.join(folder, one))]
        return sorted(dict.fromkeys(places), key=lambda place: -_alike(place, above))


def is_elsewhere(path: str) -> bool:
    """Return whether opening a path would ask another machine: a URL, or a share of Windows."""
    if is_url(path):
        return not is_local_url(path)
    return os.name == "nt" and path.replace("/", "\\").startswith("\\\\")


def _absent(path: str, why: Absence) -> AbsentError:
    return AbsentError(f"{path}: {why.value[0]}; {why.value[1]}", why)


def _steps(path: str) -> list[str]:
    """Split a recorded path, or the path of a URL, at its slashes."""
    if is_url(path):
        with suppress(ValueError):
            parts = urlsplit(path)
            path = unquote(parts.path) + (f"#{parts.fragment}" if parts.fragment else "")
    return [step for step in path.split("/") if step not in ("", ".", "..")] or [""]


def _alike(place: str, above: list[str]) -> int:
    """Count the folders above a file that have the recorded names, from the file upwards."""
    pairs = zip(Path(place).parts[-2::-1], reversed(above), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

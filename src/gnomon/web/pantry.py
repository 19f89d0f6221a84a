"""Pictures that a page asks for by a name that gnomon gave them, and by no other."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from gnomon.errors import ImageError
from gnomon.images import Picture
from gnomon.report.pictures import photograph

MAX_BYTES = 512 * 2**20
"""Bytes of all decoded pictures that are kept, with the files that are shown of them."""
SIDE = 1400


class GoneError(ImageError):
    """A picture had to make room for others."""

    def __init__(self) -> None:
        super().__init__("the image is not kept any more; send it again")


@dataclass(slots=True)
class _Kept:
    picture: Picture
    file: bytes = b""

    @property
    def size(self) -> int:
        return int(self.picture.rgb.nbytes) + len(self.file)


class Pantry:
    """The pictures last sent to the page, under names that cannot be guessed.

    Pages hold the names and not the pictures, so that ``most`` bounds what all pages keep.
    """

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes of all that is kept."""
        with self._lock:
            return self._size()

    def put(self, picture: Picture) -> str:
        """Keep a picture and return its name; what was not asked for longest goes for it."""
        token = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[token] = _Kept(picture)
            self._make_room()
        return token

    def get(self, token: str) -> Picture | None:
        """Return the picture of a name, if it is still there."""
        with self._lock:
            kept = self._kept.get(token)
            if kept is None:
                return None
            self._kept.move_to_end(token)
            return kept.picture

    def file(self, token: str) -> bytes | None:
        """Return the picture as WebP, at most ``SIDE`` pixels long."""
        with self._lock:
            kept = self._kept.get(token)
        if kept is None or kept.file:
            return None if kept is None else kept.file
        picture = kept.picture
        file = photograph(picture.rgb, SIDE)
        with self._lock:
            if token in self._kept:
                self._kept[token].file = file
                self._make_room()
        return file

    def _size(self) -> int:
        return sum(kept.size for kept in self._kept.values())

    def _make_room(self) -> None:
        while len(self._kept) > 1 and self._size() > self._most:
            self._kept.popitem(last=False)

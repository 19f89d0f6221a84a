"""Pictures that a page asks for by a name that gnomon gave them, and by no other."""

import secrets
from collections import OrderedDict
from threading import Lock

from gnomon.images import Picture
from gnomon.report.pictures import photograph

KEPT = 24
SIDE = 1400


class Pantry:
    """The pictures last sent to the page, under names that cannot be guessed."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._files: dict[str, bytes] = {}
        self._lock = Lock()

    def put(self, picture: Picture) -> str:
        """Keep a picture, and give its name; the oldest goes when there are too many."""
        token = secrets.token_urlsafe(12)
        with self._lock:
            self._pictures[token] = picture
            while len(self._pictures) > KEPT:
                gone, _ = self._pictures.popitem(last=False)
                self._files.pop(gone, None)
        return token

    def get(self, token: str) -> Picture | None:
        """Give the picture of a name, if it is still there."""
        with self._lock:
            return self._pictures.get(token)

    def file(self, token: str) -> bytes | None:
        """Give the picture as WebP, at most ``SIDE`` pixels long."""
        picture = self.get(token)
        if picture is None:
            return None
        if token not in self._files:
            self._files[token] = photograph(picture.rgb, SIDE)
        return self._files[token]

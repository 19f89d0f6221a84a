"""Names of the files that an export writes: no two of them differ only in case."""

from pathlib import PurePosixPath
from unicodedata import normalize

from gnomon.images.files import Once


class FreeNames:
    """Makes names that no other file has, also where upper and lower case are one.

    Where ``endings`` is false, files must differ in more than their endings.
    """

    def __init__(self, *, endings: bool = True) -> None:
        self._endings = endings
        self._once = Once()

    def take(self, name: str) -> str:
        """Return the name, or where another file has it, one with a number.

        >>> names = FreeNames()
        >>> names.take("birds/a.jpg"), names.take("birds/A.jpg"), names.take("cars/a.jpg")
        ('birds/a.jpg', 'birds/A-2.jpg', 'cars/a.jpg')
        """
        wanted = PurePosixPath(name)
        free, count = wanted, 1
        while not self._once.first(self._key(free)):
            count += 1
            free = wanted.with_stem(f"{wanted.stem}-{count}")
        return str(free)

    def _key(self, path: PurePosixPath) -> str:
        """Write a path as a file system does that folds case and composes letters."""
        whole = path if self._endings else path.with_suffix("")
        return normalize("NFC", normalize("NFC", str(whole)).casefold())

"""Which files are meant: folders are searched, globs expanded, one file after the other."""

import os
import warnings
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from hashlib import blake2b
from pathlib import Path

from gnomon.images.raws import Raws, is_raw

IMAGE_SUFFIXES = frozenset({
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".j2k", ".jfif", ".jp2",
    ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tga",
    ".tif", ".tiff", ".webp",
})  # fmt: skip
"""What a folder is searched for, in lower or upper case."""


class Once:
    """Recognizes what it is asked for the first time; it keeps 12 bytes of hash a name.

    ``raws`` are the camera raws that were passed over on the way.
    """

    def __init__(self) -> None:
        self.raws = Raws()
        self._seen: set[bytes] = set()

    def first(self, name: str) -> bool:
        """Return whether ``name`` is new, and note it."""
        digest = blake2b(os.fsencode(name), digest_size=12).digest()
        before = len(self._seen)
        self._seen.add(digest)
        return len(self._seen) > before


def find_images(inputs: Iterable[str | Path]) -> list[str]:
    """List the image files that files, folders and globs stand for, each once.

    A folder is searched through, links to folders included, for files with a known suffix; what is
    hidden is left out. A glob stands for all that it matches, as in a shell, ``**`` for folders of
    any depth. A file that is named is taken whatever its suffix; camera raws in folders are passed
    over, with a warning that counts and names them. The order is that of ``inputs``,
    inside each by path. An input that matches nothing stays in the list as it is: to `decode` it is
    a ``GnomonError`` that says why, so a loop over the list reports it and goes on.
    """
    once = Once()
    found = [path for given in inputs for path in each_image(given, once)]
    if once.raws.count:
        warnings.warn(once.raws.warning, stacklevel=2)
    return found


def each_image(given: str | Path, once: Once) -> Iterator[str]:
    """Yield what `find_images` lists for one input, without those met before."""
    for path, real in _expand(str(Path(given)), once.raws):
        if once.first(real):
            yield path


def images_in(folder: Path, raws: Raws | None = None) -> list[Path]:
    """List the image files in a folder and below, sorted; and each folder that cannot be read.

    ``raws`` gets the camera raws that are there too.
    """
    return [Path(path) for path, _ in _walk(str(folder), Raws() if raws is None else raws)]


def holds_images(folder: Path) -> bool:
    """Return whether `images_in` lists anything."""
    return next(_walk(str(folder), Raws()), None) is not None


def _expand(path: str, raws: Raws) -> Iterator[tuple[str, str]]:
    """Yield each file's path, and the one that it really has."""
    found = False
    if os.path.isdir(path):
        for pair in _walk(path, raws):
            found = True
            yield pair
    elif has_magic(path) and not os.path.exists(path):
        for match in sorted(glob(path, recursive=True), key=lambda one: Path(one).parts):
            found = True
            yield from _expand(str(Path(match)), raws)
    if not found:
        yield path, os.path.realpath(path)


def _walk(top: str, raws: Raws) -> Iterator[tuple[str, str]]:
    real = os.path.realpath(top)
    seen = {real}
    folders = [_entries("" if top == "." else top, real, seen, raws)]
    while folders:  # Not by recursion: folders nest deeper than calls may.
        for path, place, is_folder in folders[-1]:
            if is_folder:
                folders.append(_entries(path, place, seen, raws))
                break
            yield path, place
        else:
            folders.pop()


def _entries(folder: str, real: str, seen: set[str], raws: Raws) -> Iterator[tuple[str, str, bool]]:
    """Return the path and the real path of each image and of each folder not ``seen`` before."""
    try:
        with os.scandir(folder or ".") as scan:
            there = sorted(filter(_shown, scan), key=lambda entry: entry.name)
    except OSError:
        yield folder or ".", real, False
        return
    entries = list(filter(_wanted, there))
    for entry in there:
        if is_raw(entry.name) and not _is_folder(entry):
            raws.add(os.path.join(folder, entry.name))
    below = {entry.name: _real(real, entry) for entry in entries if _is_folder(entry)}
    new = {name for name, place in below.items() if place not in seen}
    seen.update(below.values())
    for entry in entries:
        path = os.path.join(folder, entry.name)
        if entry.name in new:
            yield path, below[entry.name], True
        elif entry.name not in below:
            yield path, _real(real, entry), False


def _shown(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".")


def _wanted(entry: os.DirEntry[str]) -> bool:
    return os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES or _is_folder(entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads round and round
        return False


def _real(folder: str, entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return os.path.realpath(entry.path)
    return os.path.join(folder, entry.name)

"""Which files are meant: folders are searched, globs expanded, one file after the other."""

import os
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from hashlib import blake2b
from pathlib import Path

IMAGE_SUFFIXES = frozenset({
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".j2k", ".jfif", ".jp2", ".jpe",
    ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tga", ".tif",
    ".tiff", ".webp",
})  # fmt: skip
"""What a folder is searched for, in lower or upper case."""


class Once:
    """Tells what it is asked for the first time; it keeps 12 bytes of hash a name."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def first(self, name: str) -> bool:
        """Tell whether ``name`` is new, and note it."""
        digest = blake2b(os.fsencode(name), digest_size=12).digest()
        before = len(self._seen)
        self._seen.add(digest)
        return len(self._seen) > before


def find_images(inputs: Iterable[str | Path]) -> list[str]:
    """List the image files that files, folders and globs stand for, each once.

    A folder is searched through, links to folders included, for files with a known suffix; what is
    hidden is left out. A glob stands for all that it matches, as in a shell, ``**`` for folders of
    any depth. A file that is named is taken whatever its suffix. The order is that of ``inputs``,
    inside each by path. An input that matches nothing stays in the list as it is: to `decode` it is
    a ``GnomonError`` that says why, so a loop over the list reports it and goes on.
    """
    once = Once()
    return [path for given in inputs for path in each_image(given, once)]


def each_image(given: str | Path, once: Once) -> Iterator[str]:
    """Give one by one what `find_images` lists for one input, without those met before."""
    for path, real in _expand(str(Path(given))):
        if once.first(real):
            yield path


def images_in(folder: Path) -> list[Path]:
    """List the image files in a folder and below, sorted; and each folder that cannot be read."""
    return [Path(path) for path, _ in _walk(str(folder))]


def holds_images(folder: Path) -> bool:
    """Tell whether `images_in` lists anything."""
    return next(_walk(str(folder)), None) is not None


def _expand(path: str) -> Iterator[tuple[str, str]]:
    """Give each file's path, and the one that it really has."""
    found = False
    if os.path.isdir(path):
        for pair in _walk(path):
            found = True
            yield pair
    elif has_magic(path) and not os.path.exists(path):
        for match in sorted(glob(path, recursive=True), key=lambda one: Path(one).parts):
            found = True
            yield from _expand(str(Path(match)))
    if not found:
        yield path, os.path.realpath(path)


def _walk(top: str) -> Iterator[tuple[str, str]]:
    real = os.path.realpath(top)
    seen = {real}
    folders = [_entries("" if top == "." else top, real, seen)]
    while folders:  # Not by recursion: folders nest deeper than calls may.
        for path, place, is_folder in folders[-1]:
            if is_folder:
                folders.append(_entries(path, place, seen))
                break
            yield path, place
        else:
            folders.pop()


def _entries(folder: str, real: str, seen: set[str]) -> Iterator[tuple[str, str, bool]]:
    """Give the path and the real path of each image and of each folder not ``seen`` before."""
    try:
        with os.scandir(folder or ".") as scan:
            entries = sorted(filter(_wanted, scan), key=lambda entry: entry.name)
    except OSError:
        yield folder or ".", real, False
        return
    below = {entry.name: _real(real, entry) for entry in entries if _is_folder(entry)}
    new = {name for name, place in below.items() if place not in seen}
    seen.update(below.values())
    for entry in entries:
        path = os.path.join(folder, entry.name)
        if entry.name in new:
            yield path, below[entry.name], True
        elif entry.name not in below:
            yield path, _real(real, entry), False


def _wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
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

"""Which files are meant: folders are searched, globs expanded."""

import os
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path

IMAGE_SUFFIXES = frozenset({
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".j2k", ".jfif", ".jp2", ".jpe",
    ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tga", ".tif",
    ".tiff", ".webp",
})  # fmt: skip
"""What a folder is searched for, in lower or upper case."""


def find_images(inputs: Iterable[str | Path]) -> list[str]:
    """List the image files that files, folders and globs stand for, each once.

    A folder is searched through, links to folders included, for files with a known suffix; what is
    hidden is left out. A glob stands for all that it matches, as in a shell, ``**`` for folders of
    any depth. A file that is named is taken whatever its suffix. The order is that of ``inputs``,
    inside each by path. An input that matches nothing stays in the list as it is: to `decode` it is
    a ``GnomonError`` that says why, so a loop over the list reports it and goes on.
    """
    found: dict[str, Path] = {}
    for given in inputs:
        for path in _expand(Path(given)):
            found.setdefault(os.path.realpath(path), path)
    return [str(path) for path in found.values()]


def images_in(folder: Path) -> list[Path]:
    """List the image files in a folder and below, sorted; and each folder that cannot be read."""
    found: list[Path] = []
    seen = {os.path.realpath(folder)}

    def unreadable(error: OSError) -> None:
        found.append(Path(error.filename))

    for root, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        real = {name: os.path.realpath(os.path.join(root, name)) for name in folders}
        folders[:] = [name for name in folders if real[name] not in seen]
        seen.update(real.values())
        found += [
            Path(root, name)
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES
        ]
    return sorted(found, key=lambda path: path.parts)


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        return images_in(path) or [path]
    if has_magic(str(path)) and not path.exists():
        matches = sorted(map(Path, glob(str(path), recursive=True)), key=lambda one: one.parts)
        return [file for match in matches for file in _expand(match)] or [path]
    return [path]

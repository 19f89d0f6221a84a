"""Warnings of what a data set's files hold and no sample shows."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from gnomon.errors import LeftOutWarning, one_line
from gnomon.images.files import images_in

MOST_NAMED = 5


def named(names: Sequence[str]) -> str:
    """Name the first five, and count the rest.

    >>> named(["a", "b", "c", "d", "e", "f", "g"])
    'a, b, c, d, e and 2 more'
    """
    rest = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + rest


def warn_left_out(said: str, names: Sequence[str]) -> None:
    """Warn of what is left out, if anything is: how many, and the first of the names."""
    if names:
        warnings.warn(one_line(f"{said}: {len(names)}, {named(names)}"), LeftOutWarning, 3)


def unlisted(home: Path, listed: Iterable[Path]) -> list[str]:
    """Name the images of a folder that its annotation does not list."""
    known = {path.name for path in listed}
    return [path.name for path in images_in(home) if path.name not in known]

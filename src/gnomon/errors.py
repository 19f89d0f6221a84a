"""Errors that a user can cause; each says what was given, what is allowed and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

from gnomon.masking import masked


class GnomonError(Exception):
    """Anything that a user can cause and mend; secrets in URLs are masked in what it says."""

    def __str__(self) -> str:
        return masked(super().__str__())


class ImageError(GnomonError):
    """An input that cannot be read as an image."""


class LimitError(ImageError):
    """An image that would cost more than its limits allow."""


class ClassifierError(GnomonError):
    """A classifier that cannot be loaded or used."""


class SettingError(GnomonError):
    """A setting, preset or other argument that is not allowed."""


class RunError(GnomonError):
    """A run folder that cannot be written or read."""


class DatasetError(GnomonError):
    """A data set folder that is not what its kind expects."""


class ExportError(GnomonError):
    """An export that cannot be written, or annotations that cannot be read back."""


def unknown_name(kind: str, given: str, allowed: Iterable[str]) -> str:
    """Say that a name is unknown, the nearest allowed names first.

    >>> unknown_name("fill", "randon", ["random", "mean"])
    "unknown fill 'randon'; did you mean 'random'? Allowed: mean, random"
    """
    names = sorted(allowed)
    nearest = get_close_matches(given, names, n=3)
    hint = f"; did you mean {' or '.join(map(repr, nearest))}?" if nearest else "."
    return f"unknown {kind} {given!r}{hint} Allowed: {', '.join(names)}"

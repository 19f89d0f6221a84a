"""Errors that a user can cause; each says what was given, what is allowed and what to do."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from gnomon.masking import masked
from gnomon.path_text import readable

LISTED = 50
"""Names that are listed one by one where one is unknown; of more, the first are shown."""
LONGEST = 1000
"""Letters of a sentence; of a longer one the middle is left out."""
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of what is written after them."""


class GnomonError(Exception):
    """Anything that a user can cause and mend.

    As text it is one line, whatever a file put in, and secrets in URLs are masked.
    """

    def __str__(self) -> str:
        return one_line(masked(super().__str__()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ImageError(GnomonError):
    """An input that cannot be read as an image."""


class LimitError(ImageError):
    """An image that would cost more than its limits allow."""


class ClassifierError(GnomonError):
    """A classifier that cannot be loaded or used."""


class SettingError(GnomonError):
    """A setting, preset or other argument that is not allowed."""


class ArgumentError(SettingError, TypeError, ValueError):
    """An argument that there is not, or of a type or shape that is not allowed."""


class RunError(GnomonError):
    """A run folder that cannot be written or read."""


class DatasetError(GnomonError):
    """A data set folder that is not what its kind expects."""


class LeftOutWarning(UserWarning):
    """What a data set's files hold and gnomon has no use for, so that it was left out."""


class ExportError(GnomonError):
    """An export that cannot be written, or annotations that cannot be read back."""


def one_line(text: str) -> str:
    r"""Write text on one line that cannot steer a terminal, without its middle where it is long.

    >>> print(one_line("two\nlines and \x1b[31mred"))
    two lines and \x1b[31mred
    """
    joined = " ".join(line.strip() for line in readable(text).splitlines())
    plain = "".join(
        one.encode("unicode_escape").decode() if _steers(one) else one for one in joined
    )
    if len(plain) <= LONGEST:
        return plain
    return f"{plain[: LONGEST - 300]} ... {plain[-290:]}"


def _steers(one: str) -> bool:
    return one < " " or "\x7f" <= one <= "\x9f" or one in _TURNS


def unknown_name(kind: str, given: str, allowed: Iterable[str]) -> str:
    """Describe an unknown name, the nearest allowed names first.

    >>> unknown_name("fill", "randon", ["random", "mean"])
    "unknown fill 'randon'; did you mean 'random'? Allowed: mean, random"
    >>> unknown_name("argument", "size", [])
    "unknown argument 'size'. Allowed: none"
    """
    names = sorted(allowed)
    nearest = nearest_names(given, names)
    hint = f"; did you mean {' or '.join(map(repr, nearest))}?" if nearest else "."
    if len(names) > LISTED:
        some = ", ".join(names[:5])
        return f"unknown {kind} {given!r}{hint} Allowed: one of {len(names):,}, such as {some}"
    return f"unknown {kind} {given!r}{hint} Allowed: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """List names in a sentence, also where there are none.

    >>> listed(["a", "b"]), listed([])
    ('a, b', 'none')
    """
    return ", ".join(names) or "none"


def nearest_names(given: str, names: Sequence[str]) -> list[str]:
    """Return at most three names that ``given`` may mean: those spelled alike, or that hold it.

    >>> nearest_names("cat", ["dog", "tiger cat", "Egyptian cat", "caterpillar"])
    ['Egyptian cat', 'tiger cat', 'caterpillar']
    """
    by_lower = {name.lower(): name for name in names}
    wanted = given.lower()
    alike = get_close_matches(wanted, by_lower, n=3, cutoff=0.7)
    as_word = sorted(name for name in by_lower if wanted in name.split())
    holding = sorted(name for name in by_lower if len(wanted) > 2 and wanted in name)
    looser = get_close_matches(wanted, by_lower, n=3)
    return [by_lower[name] for name in dict.fromkeys([*as_word, *alike, *holding, *looser])][:3]

"""Class names as a user writes them: in a file, or one after the other."""

from collections.abc import Sequence
from os.path import isfile
from pathlib import Path

from gnomon.errors import SettingError, unknown_name

MOST_BYTES = 1 << 24


def read_names(given: str) -> tuple[str, ...]:
    """Read class names from a text file of one name a line, or from ``a,b,c``.

    Spaces around a name, and empty lines at the end of the file, are left out. Raises
    ``SettingError`` for a missing file, one that is not text, and names that are empty.

    >>> read_names("house sparrow, finch")
    ('house sparrow', 'finch')
    """
    file = Path(given)
    if isfile(file):
        names = [line.strip() for line in _text(file).rstrip().splitlines()]
    elif "," in given:
        names = [name.strip() for name in given.split(",")]
    else:
        raise SettingError(
            f"there is no file {given!r} of class names; give a text file with one name a line, or"
            " the names themselves: a,b,c"
        )
    if not names or not all(names):
        place = names.index("") + 1 if names else 1
        raise SettingError(f"the class names in {given!r} want a name at place {place}")
    return tuple(names)


def class_index(given: str, names: Sequence[str]) -> int:
    """Find a class by its name, or by its number, counted from 0.

    ``SettingError`` where there is no such class, or several of this name.

    >>> class_index("finch", ["sparrow", "finch"]), class_index("0", ["sparrow", "finch"])
    (1, 0)
    """
    found = [index for index, name in enumerate(names) if name == given]
    found = found or [index for index, name in enumerate(names) if name.lower() == given.lower()]
    if len(found) > 1:
        numbers = " and ".join(map(str, found))
        raise SettingError(
            f"the classifier has {len(found)} classes of the name {given!r}; give the number of one"
            f" instead: {numbers}"
        )
    if found:
        return found[0]
    if given.isdecimal() and len(given) < 10 and int(given) < len(names):
        return int(given)
    raise SettingError(unknown_name("class", given, set(names)))


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise SettingError(f"{str(file)!r} is too large for class names: over 16 MiB")
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise SettingError(
            f"{str(file)!r} cannot be read as class names ({error}); it is UTF-8 text with one name"
            " a line"
        ) from error

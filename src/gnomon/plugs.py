"""Look up what plugs in: a name that gnomon knows, or "package.module:name" from outside."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeVar, cast

from gnomon.errors import SettingError, unknown_name

T = TypeVar("T")


def plugged(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Find ``name`` in ``known``, or import it where it reads "package.module:name".

    ``SettingError`` where there is no such name, module or callable.

    >>> plugged("number", "two", {"one": 1, "two": 2})
    2
    >>> plugged("function", "math:floor", {"ceil": round})(1.5)
    1
    """
    if name in known:
        return known[name]
    module_name, colon, attribute = name.partition(":")
    if not colon:
        raise SettingError(unknown_name(kind, name, known) + ", or 'package.module:name'")
    try:
        found: Any = import_module(module_name)
    except (ImportError, TypeError, ValueError) as error:  # "." is a relative name
        raise SettingError(f"{kind} {name!r}: cannot import {module_name!r}: {error}") from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise SettingError(f"{kind} {name!r}: {module_name!r} has no callable {attribute!r}")
    return cast(T, found)

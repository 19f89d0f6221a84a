"""The arguments of what users call, checked by name and type before anything else happens."""

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache, wraps
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from gnomon.errors import ArgumentError, listed, unknown_name

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=type)

SHOWN = 60
"""How much of a wrong value a message repeats."""


@dataclass(frozen=True, slots=True)
class Also:
    """In ``Annotated[T, Also(U)]``: an argument may be given as U too, and becomes a T."""

    kind: Any


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function refuse arguments that it does not have, or of another type than it says.

    ``ArgumentError`` names the nearest argument, or what the value should be. Whole numbers and
    numbers may be NumPy's, paths may be strings, and tuples any sequence of that length.

    >>> @checked
    ... def half(size: int) -> float:
    ...     return size / 2
    >>> half(sise=3)
    Traceback (most recent call last):
    gnomon.errors.ArgumentError: unknown argument 'sise'; did you mean 'size'? Allowed: size
    >>> half(size=[3])
    Traceback (most recent call last):
    gnomon.errors.ArgumentError: size is [3]; it is a whole number
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        _check(function, signature, args, kwargs)
        return function(*args, **kwargs)

    return call


def checked_class(cls: C) -> C:
    """Let a class check the arguments it is made with, as ``checked`` does."""
    cls.__init__ = checked(cls.__init__)  # type: ignore[misc]  # what the dataclass made
    return cls


def _check(
    function: Callable[..., Any],
    signature: inspect.Signature,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> None:
    hints = _hints(function)
    for name in kwargs:
        if name not in hints:
            raise ArgumentError(unknown_name("argument", name, [one for one in hints if one]))
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        name = function.__qualname__.removesuffix(".__init__")
        raise ArgumentError(f"{name}: {error}; its arguments are: {listed(hints)}") from None
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            given: Iterable[tuple[str, Any]] = value.items()
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            given = [(name, one) for one in value]
        else:
            given = [(name, value)]
        for each, one in given:
            if each in hints and not fits(one, hints[each]):
                raise _refused(each, one, hints[each])


def _refused(name: str, value: Any, hint: Any) -> ArgumentError:
    names = [one for one in _literals(hint) if isinstance(one, str)]
    if names and isinstance(value, str):
        return ArgumentError(unknown_name(name, value, names))
    return ArgumentError(f"{name} is {_short(value)}; it is {described(hint)}")


def _literals(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [one for inner in get_args(hint) for one in _literals(inner)]


@lru_cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the type of each argument by name, those of a TypedDict of keywords among them."""
    try:
        known = get_type_hints(function, include_extras=True)
    except NameError:  # A type that is imported for type checkers alone.
        known = dict(function.__annotations__)
    hints: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = known.get(name, Any)
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            (inner,) = get_args(hint) if get_origin(hint) is Unpack else (hint,)
            hints |= get_type_hints(inner) if is_typeddict(inner) else {}
        elif name not in ("self", "cls"):
            hints[name] = hint
    return hints


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value is what a type says; types that it does not know fit all.

    >>> fits(3, float), fits(True, int), fits([1, 2], tuple[int, int]), fits("a", int)
    (True, False, True, False)
    """
    hint = _spelt_out(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin is tuple:
        return _is_tuple(value, inner)
    if origin in (list, Sequence):
        return _is_sequence(value) and all(fits(one, inner[0]) for one in value)
    if origin is Callable:
        return callable(value)
    if hint in NUMBERS:
        number, _ = NUMBERS[hint]
        return isinstance(value, number) and not isinstance(value, bool)
    if hint is Path:
        return isinstance(value, str | PathLike)
    if hint is None:
        return value is None
    kind = origin or hint
    if isinstance(kind, type) and kind.__module__ != "numpy":
        return _is_instance(value, kind)
    return True


NUMBERS: dict[Any, tuple[type, str]] = {
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
}


def described(hint: Any) -> str:
    """Describe what a type allows.

    >>> described(tuple[int, int] | None), described(Literal["a", "b"])
    ('(a whole number, a whole number) or None', "'a' or 'b'")
    """
    hint = _spelt_out(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(described(one) for one in inner))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin is tuple and Ellipsis not in inner:
        return f"({', '.join(map(described, inner))})"
    if origin in (tuple, list, Sequence):
        return f"a sequence of {described(inner[0])}"
    if origin is Callable:
        return "a function"
    if hint in NUMBERS:
        return NUMBERS[hint][1]
    if hint in (None, type(None)):
        return "None"
    return {str: "text", Path: "a path", PathLike: "a path", bool: "True or False"}.get(
        origin or hint, f"a {getattr(origin or hint, '__name__', hint)}"
    )


def _spelt_out(hint: Any) -> Any:
    """Turn ``Annotated[T, Also(U)]`` into ``U | T``."""
    if get_origin(hint) is not Annotated:
        return hint
    kind, *notes = get_args(hint)
    also = [note.kind for note in notes if isinstance(note, Also)]
    return Union[*also, kind]


def _is_tuple(value: Any, inner: tuple[Any, ...]) -> bool:
    if not _is_sequence(value):
        return False
    if Ellipsis in inner:
        return all(fits(one, inner[0]) for one in value)
    return len(value) == len(inner) and all(map(fits, value, inner))


def _is_sequence(value: Any) -> bool:
    if isinstance(value, str | bytes | Mapping | Set):
        return False
    return hasattr(value, "__getitem__") and bool(getattr(value, "shape", True))


def _is_instance(value: Any, kind: type) -> bool:
    try:
        return isinstance(value, kind)
    except TypeError:  # A protocol that cannot be asked while running.
        return True


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."

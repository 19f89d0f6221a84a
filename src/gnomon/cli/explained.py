"""The help of a verb: what stands behind each option where nothing is given."""

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from textwrap import dedent
from typing import Annotated, Any, TypedDict, Unpack, get_args, get_origin, get_type_hints

import tyro

from gnomon.cli.outcome import Outcome
from gnomon.presets import PRESETS, SettingChanges

Verb = Callable[..., Outcome]
WITHOUT = {"figures": "Draw no figures.", "show": "Open no browser: print the address alone."}
"""What --no-figures and --no-show do, as their help is about the flag."""
LEFT_TO_THE_TEXT = ""
"""No note: the text itself says what happens without the option."""


def explained(verb: Verb) -> Verb:
    """Return a verb whose help ends each option with a default only where that is a value.

    A flag and an option that may be left out have none; a setting has that of each preset.
    """
    hints = get_type_hints(verb, include_extras=True)
    signature = inspect.signature(verb)

    def run(*args: Any, **kwargs: Any) -> Outcome:
        return verb(*args, **kwargs)

    run.__name__, run.__doc__ = verb.__name__, verb.__doc__
    run.__annotations__ = {
        name: _explained(hints[name], parameter) for name, parameter in signature.parameters.items()
    }
    run.__signature__ = signature  # type: ignore[attr-defined]  # as inspect reads it
    return run


def _explained(hint: Any, parameter: inspect.Parameter) -> Any:
    if get_origin(hint) is Unpack and get_args(hint) == (SettingChanges,):
        return Unpack[_settings()]
    if parameter.default is parameter.empty and get_origin(hint) is Annotated:
        several = get_origin(get_args(hint)[0]) is tuple
        return _noted(hint, "(one or more)") if several else hint
    if parameter.default is None or isinstance(parameter.default, bool):
        text = WITHOUT[parameter.name] if parameter.default is True else None
        return _noted(hint, LEFT_TO_THE_TEXT, text)
    return hint


def _noted(hint: Any, note: str, text: str | None = None) -> Any:
    return Annotated[hint, tyro.conf.arg(help=text, help_behavior_hint=note)]


@cache
def _settings() -> Any:
    """Make the settings' types once more, with the presets' values as notes."""
    hints, texts = get_type_hints(SettingChanges), field_texts(SettingChanges)
    values = {name: asdict(one.settings) for name, one in PRESETS.items()}
    fields = {
        name: _noted(
            hint, _note({preset: one[name] for preset, one in values.items()}), texts[name]
        )
        for name, hint in hints.items()
    }
    return TypedDict("SettingChanges", fields, total=False)  # type: ignore[operator]


def _note(values: Mapping[str, object]) -> str:
    r"""Write a setting's value in the default preset, and where another has another.

    >>> _note({"paper": 1.0, "default": 0.1, "fast": 0.1}), _note({"default": "", "paper": ""})
    ('(default: 0.1; paper: 1.0)', '')
    """
    usual = values["default"]
    if usual == "":
        return LEFT_TO_THE_TEXT
    others = [f"{name}: {value}" for name, value in values.items() if value != usual]
    return f"({'; '.join([f'default: {usual}', *others])})"


def field_texts(cls: type) -> dict[str, str]:
    """Read the text that stands below each field of a class, on one line."""
    (body,) = ast.parse(dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name)
            texts[field.target.id] = " ".join(ast.literal_eval(text.value).split())
    return texts

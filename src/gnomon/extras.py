"""Libraries that only an extra installs, imported when they are needed."""

from importlib import import_module
from typing import Any

from gnomon.errors import SettingError


def library(module: str, extra: str, purpose: str) -> Any:
    """Import a module; ``SettingError`` says how to install it where it is missing.

    >>> library("math", "numbers", "counting").floor(1.5)
    1
    >>> library("no_such", "numbers", "counting")
    Traceback (most recent call last):
    gnomon.errors.SettingError: counting needs no_such: pip install 'gnomon[numbers]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise SettingError(f"{purpose} needs {module}: pip install 'gnomon[{extra}]'") from error

"""Libraries that only one format needs, imported when it is asked for."""

from importlib import import_module
from typing import Any

from gnomon.errors import ExportError


def library(module: str, extra: str) -> Any:
    """Import a module; ``ExportError`` says how to install it where it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ExportError(
            f"this format needs {module}, which cannot be imported ({error}):"
            f" pip install 'gnomon[{extra}]'"
        ) from error

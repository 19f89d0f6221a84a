"""The terminal, to which every name is text."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from typing import TextIO

from rich.console import Console

from gnomon.errors import LeftOutWarning
from gnomon.path_text import path_text, readable


def terminal(*, errors: bool) -> Console:
    """Open standard error or output; ``[red]`` and ``:bird:`` are printed as they are."""
    return Console(stderr=errors, markup=False, emoji=False, highlight=False)


def plain(text: str) -> str:
    r"""Return a name so that it cannot steer the terminal.

    >>> print(plain("[red]\x1b[2J"))
    [red]\x1b[2J
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in readable(text))


def print_path(path: str | PathLike[str]) -> None:
    """Print where something was written, as text: see `path_text`."""
    print(path_text(fspath(path)))


@contextmanager
def left_out_in_sentences() -> Iterator[None]:
    """Print what is told of left-out records as a line, without the place in gnomon's code."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def shown(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, LeftOutWarning):
                terminal(errors=True).print(plain(str(message)), soft_wrap=True)
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = shown
        yield

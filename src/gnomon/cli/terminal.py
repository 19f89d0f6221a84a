"""The terminal, to which every name is text."""

from os import PathLike, fspath

from rich.console import Console

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

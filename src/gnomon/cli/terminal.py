"""The terminal, to which every name is text."""

from rich.console import Console


def terminal(*, errors: bool) -> Console:
    """Open standard error or output; ``[red]`` and ``:bird:`` are printed as they are."""
    return Console(stderr=errors, markup=False, emoji=False, highlight=False)


def plain(text: str) -> str:
    r"""Return a name so that it cannot steer the terminal.

    >>> print(plain("[red]\x1b[2J"))
    [red]\x1b[2J
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)

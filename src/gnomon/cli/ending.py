"""How a verb ends: the path that it wrote, and what to do next."""

import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import join

from gnomon.cli.terminal import plain, print_path, terminal
from gnomon.errors import SettingError

OPENERS = {"darwin": "open", "win32": "start"}


def wrote(path: str | Path, *following: Sequence[str | Path], quiet: bool) -> None:
    """Print a path on standard output, for scripts; on standard error each next command."""
    print_path(path)
    for command in () if quiet else following:
        said = f"next: {plain(join(map(str, command)))}"
        terminal(errors=True).print(said, soft_wrap=True)


def opening(path: Path) -> tuple[str, Path]:
    """Return the command that shows a file or folder on this system."""
    return OPENERS.get(sys.platform, "xdg-open"), path


def check_limit(limit: int | None) -> None:
    """Raise ``SettingError`` where ``limit`` is no number of images."""
    if limit is not None and limit < 1:
        raise SettingError(f"limit is {limit}; it is a number of images, 1 or more")

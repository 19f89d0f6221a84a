"""What a person sees on standard error while work goes on: bars, failures, a closing table."""

from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.progress import TimeRemainingColumn as TimeLeft

from gnomon.runs import Failure


class Shown:
    """Bars with the time left; none in a pipe or with ``quiet``. A context."""

    FAILED = "failed"

    def __init__(self, count: ProgressColumn, *, quiet: bool) -> None:
        """Make it; ``count`` is the column that says how far a bar is."""
        self._console = Console(stderr=True)
        self._quiet = quiet
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            count,
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeLeft(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )

    def failed(self, failure: Failure) -> None:
        """Name an input that could not be processed, also where no bar is shown."""
        path, message = unmarked(failure.path), unmarked(failure.message)
        self._console.print(
            f"[red]{self.FAILED}[/] {path}: {message}",
            highlight=False,
            soft_wrap=True,
        )

    def say(self, sentence: str) -> None:
        """Say what a person should know, also where no bar is shown."""
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def close_with(self, *shown: RenderableType) -> None:
        """End with tables and sentences."""
        if not self._quiet:
            self._console.print(*shown, sep="\n", highlight=False)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()


def plain(text: str) -> str:
    """Return a name so that it cannot steer the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def unmarked(text: str) -> str:
    r"""Return a name so that it can steer neither the terminal nor rich's markup.

    >>> print(unmarked("[red]\x1b[2J"))
    \[red]\x1b[2J
    """
    return escape(plain(text))

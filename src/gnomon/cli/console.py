"""What a person sees on standard error while work goes on: bars, failures, a closing table."""

from types import TracebackType
from typing import Self

from rich.console import RenderableType
from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.progress import TimeRemainingColumn as TimeLeft
from rich.text import Text

from gnomon.cli.terminal import plain, terminal
from gnomon.runs import Failure

WHOLE_WORK = 7 * 24 * 3600.0
"""Seconds over which the pace is measured: a single step may take minutes."""


class Shown:
    """Bars with the time left; none in a pipe or with ``quiet``. A context."""

    FAILED = "failed"

    def __init__(self, count: ProgressColumn, *, quiet: bool) -> None:
        """Make it; ``count`` is the column that says how far a bar is."""
        self._console = terminal(errors=True)
        self._quiet = quiet
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            count,
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeLeft(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
            speed_estimate_period=WHOLE_WORK,
        )

    def failed(self, failure: Failure) -> None:
        """Name an input that could not be processed, also where no bar is shown."""
        said = f" {plain(failure.path)}: {plain(failure.message)}"
        self._console.print(Text.assemble((self.FAILED, "red"), said), soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Print what a person should know, also where no bar is shown."""
        self._console.print("\n".join(map(plain, sentence.splitlines())), soft_wrap=True)

    def note(self, sentence: str) -> None:
        """Print how the work goes, unless quiet."""
        if not self._quiet:
            self.say(sentence)

    def close_with(self, *shown: RenderableType) -> None:
        """End with tables and sentences."""
        if not self._quiet:
            self._console.print(*shown, sep="\n")

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

"""What a person sees while a run goes on, on standard error; nothing in a pipe or with --quiet."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from gnomon.runs import Failure


class Progress:
    """A bar over the images, with the time left, that moves within an image too."""

    def __init__(self, n_images: int, *, quiet: bool) -> None:
        """Make the bar; it shows only on a terminal."""
        self._console = Console(stderr=True)
        self._show = self._console.is_terminal and not quiet
        self._quiet = quiet
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._show,
        )
        self._images = self._bars.add_task("images", total=n_images)
        self._done = 0

    def windows(self, done: int, total: int) -> None:
        """Move within an image: so many of its windows are done."""
        self._bars.update(self._images, completed=self._done + done / total)

    def image_done(self) -> None:
        """Move to the next image."""
        self._done += 1
        self._bars.update(self._images, completed=self._done)

    def failed(self, failure: Failure) -> None:
        """Name an input that could not be processed, also where no bar is shown."""
        self._console.print(
            f"[red]failed[/] {escape(failure.path)}: {escape(failure.message)}",
            highlight=False,
            soft_wrap=True,
        )

    def say(self, sentence: str) -> None:
        """Say what a person should know, also where no bar is shown."""
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def close_with(self, table: Table) -> None:
        """End with the closing table."""
        if not self._quiet:
            self._console.print(table)

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

"""What a person sees while work of several stages goes on, on standard error."""

from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

from gnomon.runs import Failure


class Stages:
    """A bar for each stage with the time left; nothing in a pipe or with ``quiet``."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True)
        self._quiet = quiet
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.1f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeLeft(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )

    def show(self, stage: str, done: float, total: int) -> None:
        """Move a stage's bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def failed(self, failure: Failure) -> None:
        """Name an input that was left out, also where no bar is shown."""
        self._console.print(
            f"[red]left out[/] {escape(failure.path)}: {escape(failure.message)}",
            highlight=False,
            soft_wrap=True,
        )

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

"""What a person sees while work of several stages goes on, on standard error."""

from rich.progress import TaskID, TextColumn

from gnomon.cli.console import Shown


class Stages(Shown):
    """A bar for each stage with the time left."""

    FAILED = "left out"

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(TextColumn("{task.completed:.1f}/{task.total:.0f}"), quiet=quiet)
        self._tasks: dict[str, TaskID] = {}

    def show(self, stage: str, done: float, total: int) -> None:
        """Move a stage's bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage)
        self._bars.update(self._tasks[stage], completed=done, total=total)

"""What a verb hands back: enough for a script to go on and for the shell to know."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was written where, if anything was, and how much of it failed."""

    path: Path | None = None
    n_done: int = 1
    n_failed: int = 0

    @property
    def exit_status(self) -> int:
        """Return 0 if all was done, 1 if some inputs failed, 2 if nothing could be done."""
        if self.n_failed == 0:
            return 0
        return 1 if self.n_done else 2

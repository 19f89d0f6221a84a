import sys
from collections.abc import Callable

import pytest

from gnomon.cli import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Call the command with these words and give its exit status."""

    def call(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["gnomon", *map(str, words)])
        with pytest.raises(SystemExit) as exit_:
            main()
        return int(exit_.value.code or 0)

    return call

"""Types what a document says, in one folder, and compares what comes of it to what it claims."""

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from documented.blocks import Block, blocks, commands
from documented.claims import as_values, claim_holds, statements, unkept
from documented.table import GIVEN, NAMES, StandIn, stood_in
from gnomon.cli import main

ROOT = Path(__file__).resolve().parents[3]
GNOMON = f'#!/bin/sh\nexec "{sys.executable}" -m gnomon "$@"\n'


@dataclass(slots=True)
class Reader:
    """Follows one document in ``folder``, the working directory.

    ``used`` are the stand-ins that were needed, ``claims`` counts the values that were compared.
    """

    document: str
    folder: Path
    used: list[StandIn] = field(default_factory=list)
    claims: int = 0
    _names: dict[str, Any] = field(default_factory=dict)
    _named: bool = False

    def follow(self, text: str) -> None:
        """Prepare what is given, run each block in order, and see that what is named is there."""
        script = self.folder / "bin" / "gnomon"
        script.parent.mkdir()
        script.write_text(GNOMON)
        script.chmod(0o755)
        for prepare in GIVEN[self.document]:
            prepare(self.folder)
        for block in blocks(text):
            if block.language == "sh":
                for command in commands(block.text):
                    self._type(command.text, block)
            elif block.language == "python":
                self._run(block)
        assert unkept(text, self.folder) == [], "named by the document, and not there"

    def _type(self, command: str, block: Block) -> None:
        typed, used = stood_in(command, self.folder)
        self.used += used
        if typed is None:
            return
        words = shlex.split(typed)
        if words[0] == "gnomon":
            status = called(words)
        else:
            status = subprocess.run(
                ["bash", "-c", typed], env={**os.environ, "CHECKOUT": str(ROOT)}, check=False
            ).returncode
        assert status == 0, f"{self.document}, block at line {block.line}: {typed}: {status}"

    def _run(self, block: Block) -> None:
        text, used = stood_in(block.text, self.folder)
        self.used += used
        if text is None:
            return
        if not self._named and self.document in NAMES:
            self._names |= NAMES[self.document]()
            self._named = True
        for statement, comment in statements(text):
            value = as_values(statement, self._names)
            held = claim_holds(value, comment)
            assert held is not False, f"{self.document}: not {comment}, but {value!r}"
            self.claims += held is True


def called(words: list[str]) -> int:
    """Call the command in this process, which has imported what takes long; return its status."""
    before, sys.argv = sys.argv, words
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.argv = before
    return 0

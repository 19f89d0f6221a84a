"""The fenced blocks of a Markdown document, and the commands in them."""

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"\s+#\s.*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the line of the document that it begins on."""

    language: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """A line for the shell, its comment taken off."""

    text: str
    comment: str


def blocks(text: str) -> list[Block]:
    r"""Return the blocks of a document in its order.

    >>> blocks("Type\n```sh\nls  # all\n```\n")
    [Block(language='sh', text='ls  # all\n', line=3)]
    """
    return [
        Block(found[1], found[2], text[: found.start(2)].count("\n") + 1)
        for found in BLOCK.finditer(text)
    ]


def commands(text: str) -> list[Command]:
    """Return the commands of a shell block.

    >>> commands("ls 'a #b'  # all")
    [Command(text="ls 'a #b'", comment='all')]
    """
    found = []
    for line in filter(str.strip, text.splitlines()):
        command = COMMENT.sub("", line)
        found.append(Command(command.strip(), line[len(command) :].strip(" #")))
    return found


def documents(root: Path) -> dict[str, str]:
    """Return the documents that say what to type, by their paths below ``root``."""
    paths = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in paths}
    return {name: text for name, text in texts.items() if blocks(text)}

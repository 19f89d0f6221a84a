"""What a document says of what came out: values in comments, files in the text."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens
from typing import Any

import pytest

SHAPE = re.compile(r"\(N((?:,\d+)*)\)")
RETURNED = re.compile(r"-> (\w+)$")
MADE = re.compile(r"([A-Z]\w+)\(([\w, ]+)\)$")
RUN_PATH = re.compile(r"(?<![\w/.-])runs/[\w./*-]*[\w*]/?")
TABLE = re.compile(r"`RUN/(\w+)/`[^\n]*\n(?:\n?\|[^\n]*)+")


def claim_holds(value: object, comment: str) -> bool | None:
    """Tell whether a value is what a comment says; ``None`` where it says nothing to check.

    >>> claim_holds(("macaw", 0.9091), '("macaw", 0.909)'), claim_holds(1, "-> Sanity")
    (True, False)
    >>> claim_holds(1, "best first") is None
    True
    """
    if shape := SHAPE.match(comment):
        wanted = [int(side) for side in shape[1].split(",")[1:]]
        return list(getattr(value, "shape", (0, 0)))[1:] == wanted and len(value) > 0  # type: ignore[arg-type]
    if returned := RETURNED.search(comment):
        return type(value).__name__ == returned[1]
    if made := MADE.match(comment):
        names = [one.name for one in fields(value)] if is_dataclass(value) else []
        return type(value).__name__ == made[1] and names[: made[2].count(",") + 1] == [
            name.strip() for name in made[2].split(",")
        ]
    try:
        said = ast.literal_eval(comment)
    except (SyntaxError, ValueError):
        return None
    if not isinstance(said, tuple) or not isinstance(value, tuple) or len(said) != len(value):
        return bool(value == pytest.approx(said, abs=5e-4))
    return all(
        mine == (pytest.approx(theirs, abs=5e-4) if isinstance(theirs, float) else theirs)
        for mine, theirs in zip(value, said, strict=True)
    )


def statements(text: str) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each statement of a Python block with the comment at its end."""
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in generate_tokens(StringIO(text).readline)
        if token.type == COMMENT
    }
    for statement in ast.parse(text).body:
        yield statement, comments.get(statement.end_lineno or 0, "")


def unkept(document: str, folder: Path) -> list[str]:
    """List the paths that a document names in ``runs/``, or in a table, and that are not there."""
    named = set(RUN_PATH.findall(document))
    for table in TABLE.finditer(document):
        rows = [row for row in table[0].splitlines() if row.startswith("| `")]
        for row in rows:
            cell = row.split("|")[1]
            last = ""
            for name in re.findall(r"`([\w./]+)`", cell):
                last = f"{last.partition('.')[0]}{name}" if name.startswith(".") else name
                named.add(f"runs/*/{table[1]}/{last}")
    return sorted(one for one in named if not list(folder.glob(one.rstrip("/"))))


def as_values(statement: ast.stmt, names: dict[str, Any]) -> Any:
    """Run a statement; return its value, or that of the name that it sets."""
    if isinstance(statement, ast.Expr):
        return eval(compile(ast.Expression(statement.value), "document", "eval"), names)
    exec(compile(ast.Module([statement], []), "document", "exec"), names)
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return names[statement.targets[0].id]
    return None

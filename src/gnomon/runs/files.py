"""Files that appear whole or not at all, and tables as CSV."""

import csv
import os
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from uuid import uuid4

from gnomon.spreadsheets import guarded


def aside_of(path: str) -> str:
    """Name the file in which a path's content is gathered: hidden, and this writer's own."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}.{name}.{uuid4().hex}.part"


def is_aside(name: str) -> bool:
    """Tell whether a file is what `aside_of` named, left by a writer that was killed.

    >>> is_aside(aside_of("run.json")), is_aside(".photograph.part")
    (True, False)
    """
    return re.fullmatch(r"\..+\.[0-9a-f]{32}\.part", name, re.DOTALL) is not None


def write_whole(path: Path, content: bytes) -> None:
    """Write aside, sync, rename: a reader sees the old file or the new one, never half of one."""
    aside = Path(aside_of(str(path)))
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Bring a rename to the disk, where the system can: after a power cut it still holds."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Write rows as CSV, lines ending in a line feed; text that reads as a formula is guarded."""
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(
        [_guarded(cell) for cell in row] for row in rows
    )
    return text.getvalue()


def _guarded(cell: object) -> object:
    return guarded(cell) if isinstance(cell, str) else cell


def write_csv(path: Path, header: Iterable[object], rows: Iterable[Iterable[object]]) -> None:
    """Write a whole CSV file; a path's bytes that are no UTF-8 stay what they are."""
    write_whole(path, csv_text([header, *rows]).encode("utf-8", "surrogateescape"))

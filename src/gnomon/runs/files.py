"""Tables as CSV."""

import csv
from collections.abc import Iterable
from io import StringIO

from gnomon.spreadsheets import guarded


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Write rows as CSV, lines ending in a line feed; text that reads as a formula is guarded."""
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(
        [_guarded(cell) for cell in row] for row in rows
    )
    return text.getvalue()


def _guarded(cell: object) -> object:
    return guarded(cell) if isinstance(cell, str) else cell


def csv_bytes(header: Iterable[object], rows: Iterable[Iterable[object]]) -> bytes:
    """Write a whole CSV file; paths in it are text, see `path_text`."""
    return csv_text([header, *rows]).encode()

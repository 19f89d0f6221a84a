"""How values show themselves: names as quoted text, tables as HTML. Names are anybody's."""

from collections.abc import Iterable, Sequence
from html import escape

from gnomon.errors import one_line
from gnomon.masking import masked
from gnomon.path_text import last_step, path_text

LONGEST_NAME = 60
ROWS = 8
"""Rows of a table that a notebook shows."""


def quoted(name: str) -> str:
    r"""Quote a name: secrets in URLs masked, nothing that steers a terminal, the middle cut out.

    >>> print(quoted("a\nb"), quoted("https://me:secret@host/x.jpg"))
    'a\nb' 'https://***@host/x.jpg'
    """
    text = masked(name)
    if len(text) > LONGEST_NAME:
        text = f"{text[:20]}...{text[-LONGEST_NAME + 23 :]}"
    return repr(text)


def file_name(path: str) -> str:
    """Return the last step of a path or URL, secrets masked.

    >>> file_name("birds/a.jpg"), file_name("a.jpg"), file_name("C:/birds/b.jpg")
    ('a.jpg', 'a.jpg', 'b.jpg')
    """
    return last_step(path_text(masked(path)).rstrip("/"))


def size(width: int, height: int) -> str:
    """Write a size in pixels.

    >>> size(640, 480)
    '640x480'
    """
    return f"{width}x{height}"


def counts(kinds: Iterable[str]) -> str:
    """Count what occurs, the most frequent first.

    >>> counts(["blob", "corner", "blob"])
    '2 blob, 1 corner'
    """
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {kind}" for kind, count in ordered)


def html_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Make an HTML table, every cell as text.

    >>> html_table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{html_text(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{html_text(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_text(text: str) -> str:
    """Escape text for HTML, on one line, secrets in URLs masked."""
    return escape(one_line(masked(text)))

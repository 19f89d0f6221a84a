r"""Paths as text: one rule for names of files whose bytes are not UTF-8, and the way back.

A byte that is not UTF-8 is written ``\xHH``. A backslash that would be read so is written ``\x5c``,
so that different paths are different texts. All other paths are the text that they are.
"""

import os
import re

_LOOKS_ESCAPED = re.compile(rb"\\(?=x(?:5c|[89a-f][0-9a-f]))")
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")
_BETWEEN = re.compile(r"/|\\(?!x(?:5c|[89a-f][0-9a-f]))")
_BYTE = re.compile("[\udc80-\udcff]")


def path_text(path: str) -> str:
    r"""Return a path as text that every file and table can hold.

    >>> print(path_text("caf\udce9.jpg"), path_text(r"caf\xe9.jpg"), path_text(r"a\b\x41.jpg"))
    caf\xe9.jpg caf\x5cxe9.jpg a\b\x41.jpg
    """
    escaped = _LOOKS_ESCAPED.sub(rb"\\x5c", os.fsencode(path))
    return escaped.decode("utf-8", "backslashreplace")


def text_path(text: str) -> str:
    r"""Return the path that `path_text` wrote.

    >>> text_path(r"caf\xe9.jpg"), text_path(r"caf\x5cxe9.jpg")
    ('caf\udce9.jpg', 'caf\\xe9.jpg')
    """
    raw = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(text))
    return os.fsdecode(raw)


def last_step(text: str) -> str:
    r"""Return the name of the file, whatever system's slashes its folders have.

    >>> print(last_step(r"birds/caf\xe9.jpg"), last_step(r"C:\birds\a.jpg"))
    caf\xe9.jpg a.jpg
    """
    return _BETWEEN.split(text)[-1]


def readable(text: str) -> str:
    r"""Write the bytes of names in a sentence as `path_text` does, and leave all else as it is.

    >>> print(readable("caf\udce9.jpg: no such file"))
    caf\xe9.jpg: no such file
    """
    return _BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text)

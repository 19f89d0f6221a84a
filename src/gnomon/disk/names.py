"""Names of files: those that may be used below a folder, and any text made into one that may."""

import errno
import os
import re
from hashlib import sha256
from uuid import uuid4

WINDOWS = os.name == "nt"
LONGEST = 240
"""Bytes of a safe name, so that an ending still fits within the 255 that file systems allow."""
DIGITS = 32
_SPECIAL = '<>:"|?*' if WINDOWS else ""
_UNSAFE = re.compile(rf"[\0-\x1f\x7f/\\\ud800-\udfff{_SPECIAL}]")
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[. ]")
_MARKED = re.compile(rf"~[0-9a-f]{{{DIGITS}}}(\.\w{{1,8}})?$")
_ENDING = re.compile(r"\.\w{1,8}$", re.ASCII)


class RefusedError(OSError):
    """A name that leads out of its folder, or what is no plain file where one is wanted."""

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(errno.EPERM, reason, path)
        self.reason = reason
        self.path = path

    def __str__(self) -> str:
        return self.reason if self.path is None else f"{self.path} {self.reason}"


def reason_of(error: OSError) -> str:
    """Describe in a few words what went wrong with a file."""
    if isinstance(error, RefusedError):
        return str(error)
    return error.strerror or str(error)


def steps(name: str) -> tuple[str, ...]:
    """Split a name below a folder, such as ``images/part-1.parquet``, into its steps.

    ``RefusedError`` where it is absolute or empty, or a step is empty, ``.`` or ``..``.

    >>> steps("images/part-1.parquet")
    ('images', 'part-1.parquet')
    >>> steps("../mine")
    Traceback (most recent call last):
    gnomon.disk.names.RefusedError: '../mine' is no name of a file in this folder
    """
    found = tuple(name.split("/"))
    wrong = re.compile(r"[\0\\:]" if WINDOWS else r"\0")
    if any(step in ("", ".", "..") or wrong.search(step) for step in found):
        raise RefusedError(f"{name[:200]!r} is no name of a file in this folder")
    return found


def aside_of(name: str) -> str:
    """Name the file in which another's content is gathered: hidden, and this writer's own."""
    return f".{_cut(name, 150)}.{uuid4().hex}.part"


def is_aside(name: str) -> bool:
    """Return whether a file is what `aside_of` named, left by a writer that was killed.

    >>> is_aside(aside_of("run.json")), is_aside(".photograph.part")
    (True, False)
    """
    return re.fullmatch(r"\..+\.[0-9a-f]{32}\.part", name, re.DOTALL) is not None


def safe_name(text: str) -> str:
    """Make any text the name of one file: itself where that is safe, else with a digest of it.

    What is safe has no separator, no control character, no half of a surrogate pair, is neither
    empty nor dots alone, and is not too long; on Windows it has none of its special characters and
    is none of its devices. Different texts have different names.

    >>> safe_name("a b.jpg"), safe_name("../x.jpg")
    ('a b.jpg', '.._x~2c9a3db36f3dd7eda3041ddb694af5fb.jpg')
    """
    plain = _UNSAFE.sub("_", text)
    safe = plain == text and text.strip(".") != "" and len(os.fsencode(text)) <= LONGEST
    if safe and not _MARKED.search(text) and not (WINDOWS and _DEVICE.fullmatch(text)):
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
    ending = _ENDING.search(plain)
    suffix = "" if ending is None else ending.group()
    return f"{_cut(plain.removesuffix(suffix), 120)}~{digest}{suffix}"


def safe_path(name: str) -> str:
    """Make each step of a name that has folders in it safe; see `safe_name`.

    >>> safe_path("birds/a b.jpg")
    'birds/a b.jpg'
    """
    return "/".join(map(safe_name, name.split("/")))


def _cut(text: str, length: int) -> str:
    """Shorten a text to so many bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:length].decode(errors="ignore")

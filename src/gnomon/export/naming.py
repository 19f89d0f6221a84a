"""What an image is called in an export: its path below the folder that holds all of them."""

import os
import re
from collections.abc import Iterable

from gnomon.disk import safe_name, safe_path
from gnomon.path_text import path_text, text_path

_BYTE = re.compile(r"\\x[89a-f][0-9a-f]")
_UPWARDS = re.compile(r"\.+\\")


def whole_path(recorded: str) -> str:
    """Make a recorded path absolute and plain, with forward slashes; a URL stays as it is."""
    path = text_path(recorded)
    return recorded if "://" in path else path_text(os.path.abspath(path).replace(os.sep, "/"))


def common_root(paths: Iterable[str]) -> str:
    """Find the deepest folder that holds all of the paths, "" where none does.

    >>> common_root(["/a/b/c.jpg", "/a/d.jpg"]), common_root(["s3://photos/x/1.jpg"])
    ('/a', 's3://photos/x')
    """
    common: list[str] | None = None
    for path in paths:
        folders = whole_path(path).split("/")[:-1]
        if common is None:
            common = folders
        while folders[: len(common)] != common:
            common.pop()
    return "/".join(common or [])


def name_below(root: str, path: str) -> str:
    r"""Name an image by its path below ``root``: a name that leads nowhere else, see `safe_path`.

    Bytes that are not UTF-8 stay as `path_text` writes them.

    >>> print(name_below("/photos", r"/photos/birds/caf\xe9 a.jpg"))
    birds/caf\xe9 a.jpg
    """
    return "/".join(map(_safe_step, _steps_below(root, path)))


def file_below(root: str, path: str) -> str:
    r"""Name the copy of an image by its path below ``root``, in letters that every system has.

    >>> file_below("/photos", r"/photos/birds/caf\xe9.jpg")
    'birds/caf_xe9~99603266b15150e034160943efa1f900.jpg'
    """
    return safe_path("/".join(_steps_below(root, path)))


def _steps_below(root: str, path: str) -> list[str]:
    return whole_path(path).removeprefix(root).lstrip("/").split("/")


def _safe_step(step: str) -> str:
    r"""Keep the escapes of bytes in a step that is safe but for them, and is not ``..\x80``."""
    letters = _BYTE.sub("_", step)
    keep = safe_name(letters) == letters and not _UPWARDS.match(step)
    return step if keep else safe_name(step)

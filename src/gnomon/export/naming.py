"""What an image is called in an export: its path below the folder that holds all of them."""

import os
from collections.abc import Iterable

from gnomon.disk import safe_path


def whole_path(path: str) -> str:
    """Make a path absolute and plain, with forward slashes; a URL stays as it is."""
    return path if "://" in path else os.path.abspath(path).replace(os.sep, "/")


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
    """Name an image by its path below ``root``: a name that leads nowhere else, see `safe_path`.

    >>> name_below("/photos", "/photos/birds/a b.jpg")
    'birds/a b.jpg'
    """
    return safe_path(whole_path(path).removeprefix(root).lstrip("/"))

"""Files in the user's cache that hold what was measured or found out once."""

import os
import tempfile
from pathlib import Path

import platformdirs


def cache_folder(kind: str) -> Path:
    """Where files of a kind are kept."""
    return Path(platformdirs.user_cache_dir("gnomon")) / kind


def write_once(path: Path, text: str) -> None:
    """Write a file whole, unless it is there by now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, written = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.link(written, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(written)

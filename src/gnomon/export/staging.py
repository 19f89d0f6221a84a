"""An export appears whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gnomon.errors import ExportError


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a place beside ``out`` to write a file or folder to; it becomes ``out`` at the end.

    An empty folder may stand there already. ``ExportError`` where something else does, or where it
    cannot be written; what was written until then is gone.
    """
    if out.is_dir() and not any(out.iterdir()):
        out.rmdir()
    if out.exists():
        raise ExportError(f"{out} is there already; give another --out, or remove it")
    aside = out.with_name(f".{out.name}.part")
    _remove(aside)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        aside.replace(out)
    except OSError as error:
        raise ExportError(f"{out} cannot be written: {error}") from error
    finally:
        _remove(aside)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

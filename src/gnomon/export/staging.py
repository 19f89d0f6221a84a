"""An export appears whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gnomon.disk import reason_of
from gnomon.disk import staged as new_place
from gnomon.errors import ExportError


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Yield a path to write a file or folder to, in a folder made for it; at the end it is ``out``.

    An empty folder may stand there already. ``ExportError`` where something else does, or where it
    cannot be written; what was written until then is gone.
    """
    try:
        with new_place(out) as aside:
            yield aside
    except FileExistsError as error:
        if error.filename is None:
            raise ExportError(
                f"{out} is there already; give another --out, or remove it"
            ) from error
        raise ExportError(
            f"{out} cannot be written: two files of it would have the name"
            f" {Path(error.filename).name!r} here; rename one of the images"
        ) from error
    except OSError as error:
        raise ExportError(f"{out} cannot be written: {reason_of(error)}") from error

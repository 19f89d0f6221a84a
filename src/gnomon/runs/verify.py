"""Whether a run's parts are what was once written: nothing cut short, changed or gone."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from gnomon.errors import RunError
from gnomon.runs.checks import check_images, check_points
from gnomon.runs.committed import DIGEST, NOTE, READERS, note_of
from gnomon.runs.digest import digest_of
from gnomon.runs.parquet import RunTable
from gnomon.runs.spans import Part, parts_of
from gnomon.runs.store import Store
from gnomon.tables import IMAGES, KEYPOINTS


def damaged_parts(store: Store) -> Iterator[tuple[Part, str]]:
    """Read every part of a run whole, and say what is wrong with those that are not sound.

    ``RunError`` where one cannot be read, so that nothing can be said of it.
    """
    parts = parts_of(store)
    with ThreadPoolExecutor(READERS) as pool:
        for part, fault in zip(parts, pool.map(lambda one: damage(store, one), parts), strict=True):
            if fault is not None:
                yield part, fault


def damage(store: Store, part: Part) -> str | None:
    """Describe what is wrong with a part; ``None`` if both files are sound and belong together."""
    contents = []
    for folder in ("images", "keypoints"):
        name = f"{folder}/{part.file_name}"
        try:
            contents.append((store.read(name), name))
        except FileNotFoundError:
            return f"{name} is missing"
    try:
        _check(
            part, *(RunTable(*one, schema) for one, schema in zip(contents, SCHEMAS, strict=True))
        )
    except RunError as error:
        return str(error)
    return None


SCHEMAS = (IMAGES, KEYPOINTS)


def discard(store: Store, parts: Iterable[Part]) -> None:
    """Remove damaged parts, so that they are done again."""
    for part in parts:
        store.remove(f"images/{part.file_name}")
        store.remove(f"keypoints/{part.file_name}")


def _check(part: Part, photographs: RunTable, points: RunTable) -> None:
    images, keypoints = photographs.read(), points.read()
    check_images(images, photographs.name)
    check_points(images, keypoints, 0, points.name)
    try:
        note = note_of(photographs)
    except ValueError as error:
        raise RunError(f"{photographs.name} cannot be used: {error}") from error
    if note.digest == DIGEST and part.digest != _digest(images, keypoints, photographs):
        raise RunError(f"{part.file_name} holds other rows than were written: its digest differs")


def _digest(images: pa.Table, keypoints: pa.Table, photographs: RunTable) -> str:
    return digest_of(images, keypoints, photographs.metadata[NOTE])

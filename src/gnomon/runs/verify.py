"""Whether a run's parts are what was once written: nothing cut short, changed or gone."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from gnomon.runs.committed import DIGEST, NOTE, READERS
from gnomon.runs.digest import digest_of
from gnomon.runs.parquet import checked_table
from gnomon.runs.spans import Part, parts_of
from gnomon.runs.store import Store
from gnomon.runs.tables import IMAGES, KEYPOINTS


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
    """Say what is wrong with a part; ``None`` where both files are sound and belong together."""
    tables = []
    for folder, schema in (("images", IMAGES), ("keypoints", KEYPOINTS)):
        name = f"{folder}/{part.file_name}"
        try:
            tables.append(checked_table(store.read(name), schema))
        except FileNotFoundError:
            return f"{name} is missing"
        except ValueError as error:
            return f"{name} is damaged: {error}"
    images, keypoints = tables
    if not _belong(images, keypoints):
        return f"keypoints/{part.file_name} does not hold the keypoints of images/{part.file_name}"
    note = (images.schema.metadata or {}).get(NOTE)
    if note is None:
        return f"images/{part.file_name} does not say what failed"
    if _is_of_rows(note) and part.digest != digest_of(images, keypoints, note):
        return f"{part.file_name} holds other rows than were written: they have another digest"
    return None


def discard(store: Store, parts: Iterable[Part]) -> None:
    """Remove damaged parts, so that they are done again."""
    for part in parts:
        store.remove(f"images/{part.file_name}")
        store.remove(f"keypoints/{part.file_name}")


def _belong(images: pa.Table, keypoints: pa.Table) -> bool:
    """Tell whether each image has as many keypoints as it says, in the order of the images."""
    counts = images["n_keypoints"].to_numpy().astype(np.int64)
    if (counts < 0).any() or counts.sum() != keypoints.num_rows:
        return False
    rows = pa.array(np.repeat(np.arange(len(counts)), counts))
    return bool(images["image_id"].take(rows).equals(keypoints["image_id"]))


def _is_of_rows(note: bytes) -> bool:
    try:
        return bool(json.loads(note)["digest"] == DIGEST)
    except (ValueError, KeyError, TypeError):
        return False

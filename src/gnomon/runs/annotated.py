"""Which annotated photographs of a data set a run has seen."""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnomon.datasets.sample import Sample, Split
from gnomon.errors import ImageError, RunError
from gnomon.images import decode
from gnomon.path_text import text_path
from gnomon.runs.photographs import is_elsewhere
from gnomon.runs.reader import Run


@dataclass(frozen=True, slots=True)
class Annotated:
    """The ``samples`` that the run has seen, in its order, and its ``absent`` images' paths.

    ``image_ids`` are the samples' in the run, one each. ``other_split`` counts images of the run
    that are in the data set but not in the split asked.
    """

    image_ids: tuple[str, ...]
    samples: tuple[Sample, ...]
    absent: tuple[str, ...]
    other_split: int


def annotated(run: Run, dataset: Iterable[Sample], split: Split | None = None) -> Annotated:
    """Find each of the run's images in a data set.

    The same file with the same pixels is the same image; so is, where the folder has moved since,
    one of the same name and the same pixels. A file that cannot be read is left to whoever reads
    it. ``RunError`` where none is found.
    """
    samples = list(dataset)
    files = {os.path.realpath(sample.image): sample for sample in samples}
    names: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        names[sample.image.name].append(sample)

    found: list[tuple[str, Sample]] = []
    absent: list[str] = []
    rows: list[dict[str, Any]] = run.images.to_pylist()
    for row in rows:
        path = text_path(row["path"])
        match = None if is_elsewhere(path) else files.get(os.path.realpath(path))
        if match is None or not _is_of(row, match, unread=True):
            match = next((one for one in names[Path(path).name] if _is_of(row, one)), None)
        if match is None:
            absent.append(row["path"])
        else:
            found.append((row["image_id"], match))
    chosen = [(key, one) for key, one in found if split in (None, one.split)]
    if not chosen:
        raise RunError(_nothing(run, samples, [one for _, one in found], split))
    keys, matched = zip(*chosen, strict=True)
    return Annotated(keys, matched, tuple(absent), len(found) - len(chosen))


def _is_of(row: dict[str, Any], sample: Sample, *, unread: bool = False) -> bool:
    """Return whether a sample's photograph is that of a row; ``unread`` where it cannot be read."""
    try:
        picture = decode(sample.image)
    except ImageError:
        return unread
    return bool(picture.content_hash == row["content_hash"])


def _nothing(run: Run, samples: list[Sample], found: list[Sample], split: Split | None) -> str:
    count = run.images.num_rows
    if count == 0:
        return f"{run.folder} has no images; run `gnomon detect` on the data set's first"
    if found:
        splits = sorted({one.split or "no split" for one in found})
        return (
            f"none of the {len(found)} images of {run.folder} that are in the data set is in its"
            f" split {split!r}; theirs: {', '.join(splits)}. Leave the split out, or detect in it"
        )
    theirs = f"such as {str(samples[0].image)!r}" if samples else "none at all"
    return (
        f"none of the {count} images of {run.folder}, such as {run.images['path'][0].as_py()!r}, is"
        f" among the data set's {len(samples)}, {theirs}; give the data set that was detected in"
    )

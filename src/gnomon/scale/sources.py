"""What `gnomon detect` is given: images, folders, globs, lists, tables, archives, data sets."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from glob import has_magic, iglob
from itertools import islice
from pathlib import Path
from typing import Any

from gnomon.datasets import DATASETS, open_dataset
from gnomon.errors import DatasetError, ImageError
from gnomon.images.files import IMAGE_SUFFIXES, Once, each_image
from gnomon.images.raws import DEVELOP, Raws, is_raw
from gnomon.images.read import is_url, open_url, patiently
from gnomon.masking import masked
from gnomon.runs.listing import Input
from gnomon.scale.archives import list_tar
from gnomon.scale.lists import list_csv, list_table, list_text

CONTAINERS: dict[str, Callable[[str], Iterator[Input]]] = {
    ".txt": list_text,
    ".csv": list_csv,
    ".tsv": list_csv,
    ".parquet": list_table,
    ".arrow": list_table,
    ".tar": list_tar,
}
"""File suffixes that stand for many images, and what lists these."""


def list_inputs(
    given: Iterable[str], limit: int | None = None, raws: Raws | None = None
) -> Iterator[Input]:
    """List every image once, in the order given, one by one, the first ``limit`` if given.

    Each of ``given`` is an image, a folder, a glob, a list of paths (.txt, .csv, .tsv, .parquet), a
    table with a column of images (.parquet, .arrow, or a folder that `datasets` saved), an archive
    as WebDataset's (.tar), any of these as an fsspec URL, or a data set as kind:FOLDER. ``raws``
    gets the camera raws that were passed over in folders.
    """
    return islice(_every(given, raws), limit)


def _every(given: Iterable[str], raws: Raws | None) -> Iterator[Input]:
    once = Once()
    try:
        for each in given:
            yield from _expand(each, once)
    finally:
        if raws is not None and once.raws.count > raws.count:  # A listing may be left half-way.
            raws.count, raws.first = once.raws.count, once.raws.first


def see_inputs(given: Sequence[str]) -> None:
    """See that there is something to list, before a model is loaded or a folder made.

    ``ImageError`` where all that was given is missing, or folders and lists without an image;
    ``DatasetError`` where a data set is not there.
    """
    reasons = []
    for each in given:
        if (reason := _missing(each)) is None:
            return
        reasons.append(f"{each}: {reason}")
    if not reasons:
        raise ImageError("nothing was given to detect in; give images, folders, lists or data sets")
    others = f"; nor is there one in {len(reasons) - 1} more" if len(reasons) > 1 else ""
    raise ImageError(f"{reasons[0]}{others}")


def _missing(given: str) -> str | None:
    """Explain why one input stands for nothing; ``None`` where it stands for something, or may."""
    kind, _, home = given.partition(":")
    if is_url(given):
        return None
    if kind in DATASETS and not os.path.exists(given):
        if not os.path.exists(home):
            open_dataset(given)
        return None
    if os.path.isdir(given):
        once = Once()
        first = next(_expand(given, once), None)
        if first is not None and first.path != str(Path(given)):
            return None
        if once.raws.count:
            return f"there is no image in this folder but {once.raws}; {DEVELOP}"
        return "there is no image in this folder; check the path"
    if not os.path.lexists(given) and not (has_magic(given) and any(iglob(given, recursive=True))):
        return "no such file, and no file matches; check the path"
    if (
        os.path.splitext(given)[1].lower() in CONTAINERS
        and next(_expand(given, Once()), None) is None
    ):
        return "there is no image in this list; check the file"
    return None


def _expand(given: str, once: Once) -> Iterator[Input]:
    kind = given.partition(":")[0]
    if is_url(given):
        for url in _urls(given, once.raws):
            yield from _contained(url, once) or _new(Input(url), once)
    elif kind in DATASETS and not os.path.exists(given):
        for sample in open_dataset(given):
            points = sample.landmarks
            xy = None if points is None else tuple(points.xy[points.visible].ravel().tolist())
            yield from _new(Input(str(sample.image), landmarks=xy), once, real=True)
    elif os.path.isfile(os.path.join(given, "dataset_info.json")):
        for table in sorted(map(str, Path(given).glob("*.arrow"))):
            yield from _contained(table, once) or ()
    else:
        for path in each_image(given, once):
            yield from _contained(path, once) or (Input(path),)


def _contained(path: str, once: Once) -> Iterator[Input] | None:
    """List what a list, table or archive holds; ``None`` where the file is none of these."""
    listing = CONTAINERS.get(os.path.splitext(path)[1].lower())
    if listing is None or not (is_url(path) or os.path.isfile(path)):
        return None
    return (one for found in listing(path) for one in _new(found, once))


def _new(one: Input, once: Once, *, real: bool = False) -> Iterator[Input]:
    name = masked(one.path)
    first = once.first(os.path.realpath(name) if real else name)
    if name != one.path and once.first(one.path) and not first:
        raise DatasetError(
            f"{one.path}: is listed twice, with two secrets; as secrets are not kept, one would"
            " pass for the other: list each image once, or fetch them to a folder first"
        )
    if first:
        yield one


def _urls(given: str, raws: Raws) -> Iterator[str]:
    """Return the files that a URL, a folder behind one, or a glob in one stands for, sorted."""
    filesystem, path = open_url(given)
    if has_magic(path):
        found = sorted(patiently(lambda: list(filesystem.glob(path))))
        yield from (filesystem.unstrip_protocol(one) for one in found or ())
        if not found:
            yield given
        return
    suffix = os.path.splitext(path)[1].lower()
    if suffix in IMAGE_SUFFIXES or suffix in CONTAINERS or not _is_folder(filesystem, path):
        yield given
        return
    for folder, _, files in filesystem.walk(path):
        for name in sorted(files):
            if name.startswith("."):
                continue
            if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:
                yield filesystem.unstrip_protocol(f"{folder}/{name}")
            elif is_raw(name):
                raws.add(filesystem.unstrip_protocol(f"{folder}/{name}"))


def _is_folder(filesystem: Any, path: str) -> bool:
    try:
        return bool(patiently(lambda: filesystem.isdir(path)))
    except Exception:  # Each store has its own kinds of error; reading will tell.
        return False

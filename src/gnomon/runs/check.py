"""Whether a run is sound: every file of it read whole, and what is wrong said."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gnomon.errors import RunError
from gnomon.runs.discovered import FOLDER, TABLE, read_assigned, read_searched
from gnomon.runs.findings import read_evaluation
from gnomon.runs.heatmaps import read_heatmaps
from gnomon.runs.info import RunInfo
from gnomon.runs.listing import Listing, damaged_listing
from gnomon.runs.reader import read_failures
from gnomon.runs.review import FILE_NAME as REVIEW
from gnomon.runs.review import Review, events_of
from gnomon.runs.spans import Part, gaps
from gnomon.runs.store import LocalStore, Store, open_store
from gnomon.runs.verify import damage

PNG = (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: a line for each fault, and how many inputs are not done yet."""

    info: RunInfo
    n_parts: int
    n_left: int
    faults: tuple[str, ...]


def check_run(place: str | Path | Store) -> Checked:
    """Read every file of a run and say what is wrong; ``RunError`` where there is no run."""
    store = open_store(place)
    info = RunInfo.read(store)
    parts, faults = _parts(store)
    left = sum(stop - first for first, stop in gaps(parts, info.n_inputs or 0))
    if left and info.end is not None and not faults:
        faults.append(f"{left} inputs are in no part, though run.json says that all are done")
    faults += _listing(store, info)
    faults += _strange(store)
    faults += _beside(store, info)
    return Checked(info, len(parts), left, tuple(faults))


def _parts(store: Store) -> tuple[list[Part], list[str]]:
    """Read all parts; give the sound ones, and what is wrong with the others."""
    sound: list[Part] = []
    faults = []
    for name in store.names("images"):
        try:
            part = Part.of(name)
            fault = damage(store, part)
        except RunError as error:
            fault = str(error)
        if fault is None:
            sound.append(part)
        else:
            faults.append(fault)
    return sound, faults


def _listing(store: Store, info: RunInfo) -> list[str]:
    if info.n_inputs is None or info.inputs_sha256 is None:
        return []
    try:
        return damaged_listing(store, Listing(info.n_inputs, info.inputs_sha256))
    except RunError as error:
        return [str(error)]


def _strange(store: Store) -> Iterator[str]:
    """Name what has no place in a run: links, FIFOs, devices."""
    if isinstance(store, LocalStore):
        for name, found in store.folder.walk():
            if not stat.S_ISREG(found.st_mode):
                yield f"{name} is a link or no regular file"


def _beside(store: Store, info: RunInfo) -> Iterator[str]:
    """Read what lies beside the tables, as the rest of gnomon does."""
    checks: list[Callable[[], object]] = [
        lambda: read_failures(store),
        lambda: read_evaluation(store),
        lambda: _review(store),
    ]
    if store.exists(f"{FOLDER}/{TABLE}"):
        checks += [lambda: read_assigned(store), lambda: read_searched(store)]
    checks += [partial(_maps, store, name, info) for name in store.names("heatmaps")]
    checks += [partial(_picture, store, name) for name in store.names("figures")]
    for check in checks:
        try:
            check()
        except RunError as error:
            yield str(error)


def _review(store: Store) -> None:
    if store.exists(REVIEW):
        content = store.read(REVIEW)
        Review(events_of(content[: content.rfind(b"\n") + 1], Path(str(store)) / REVIEW))


def _maps(store: Store, name: str, info: RunInfo) -> None:
    if read_heatmaps(store, name.removesuffix(".npz"), info.preprocessing.size) is None:
        raise RunError(f"{store}/heatmaps/{name} holds no maps of this run; remove it")


def _picture(store: Store, name: str) -> None:
    content = store.read(f"figures/{name}")
    if name.endswith(".png") and not (content.startswith(PNG[0]) and content.endswith(PNG[1])):
        raise RunError(f"{store}/figures/{name} is no whole PNG; detect, or report, again")

"""Whether a run is sound: every file of it read whole, and what is wrong said."""

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pyarrow as pa

from gnomon.errors import RunError
from gnomon.runs.discovered import ASSIGNED, FOLDER, SEARCHED, TABLE
from gnomon.runs.info import RunInfo
from gnomon.runs.listing import Listing, damaged_listing, read_listing
from gnomon.runs.parquet import checked_table
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
    faults += _beside(store)
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
        faults = damaged_listing(store, Listing(info.n_inputs, info.inputs_sha256))
    except RunError as error:
        return [str(error)]
    if not faults:
        digest = sha256()
        for one in read_listing(store, 0, info.n_inputs):
            digest.update(one.identity())
        if digest.hexdigest() != info.inputs_sha256:
            return ["inputs/ holds other inputs than run.json says"]
    return faults


def _strange(store: Store) -> Iterator[str]:
    """Name what has no place in a run: links, FIFOs, devices."""
    if isinstance(store, LocalStore):
        for name, found in store.folder.walk():
            if not stat.S_ISREG(found.st_mode):
                yield f"{name} is a link or no regular file"


def _beside(store: Store) -> Iterator[str]:
    """Read what lies beside the tables."""
    checks: dict[str, Callable[[bytes], object]] = {
        f"{FOLDER}/{TABLE}": lambda content: checked_table(content, ASSIGNED),
        f"{FOLDER}/searched.parquet": lambda content: checked_table(content, SEARCHED),
        f"{FOLDER}/model.json": json.loads,
        "evaluation/evaluation.json": json.loads,
        REVIEW: lambda content: Review(
            events_of(content[: content.rfind(b"\n") + 1], Path(REVIEW))
        ),
        "failures.jsonl": lambda _: read_failures(store),
    }
    checks |= {f"heatmaps/{name}": _archive for name in store.names("heatmaps")}
    figures = (name for name in store.names("figures") if name.endswith(".png"))
    checks |= {f"figures/{name}": _picture for name in figures}
    for name, check in checks.items():
        try:
            check(store.read(name))
        except FileNotFoundError:
            continue
        except RunError as error:
            yield str(error)
        except (ValueError, TypeError, RecursionError, BadZipFile, pa.ArrowException) as error:
            yield f"{name} is damaged: {error}"


def _archive(content: bytes) -> None:
    with ZipFile(BytesIO(content)) as archive:
        if (damaged := archive.testzip()) is not None:
            raise ValueError(f"{damaged} in it has another checksum")


def _picture(content: bytes) -> None:
    if not (content.startswith(PNG[0]) and content.endswith(PNG[1])):
        raise ValueError("it is no whole PNG")

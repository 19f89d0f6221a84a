"""What other verbs left in a run, read for the report: salient/, evaluation/ and figures/."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from gnomon.errors import ImageError, RunError
from gnomon.images import decode
from gnomon.runs.account import Count, Text
from gnomon.runs.store import Store
from gnomon.spreadsheets import unguarded
from gnomon.strict_json import read_as

RECORD = "evaluation/evaluation.json"
SALIENT = "salient/salient.csv"
Share = Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class RecordedInterval:
    """A figure and the ends of its 95 % interval, ``None`` where unknown."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class RecordedScores:
    """How good the best ``budget`` points are, right within ``alpha`` of the object's size."""

    budget: Count
    alpha: float
    precision: RecordedInterval
    recall: RecordedInterval
    f1: RecordedInterval
    error: RecordedInterval


@dataclass(frozen=True, slots=True)
class RecordedMethod:
    """One method that was compared."""

    method: Text
    scores: tuple[RecordedScores, ...]


@dataclass(frozen=True, slots=True)
class RecordedMethods:
    """The methods that were compared on so many images."""

    images: Count
    methods: tuple[RecordedMethod, ...]


@dataclass(frozen=True, slots=True)
class RecordedStage:
    """Share of the points that stay with some layers shuffled, and by chance."""

    survived: Share | None
    by_chance: Share | None


@dataclass(frozen=True, slots=True)
class RecordedSanity:
    """What the maps made of shuffled weights, on so many images."""

    images: Count
    layers: Count
    stages: Annotated[tuple[RecordedStage, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class RecordedHeadline:
    """Which budget and tolerance a report shows."""

    budget: Count
    alpha: float


@dataclass(frozen=True, slots=True)
class RecordedEvaluation:
    """What a report shows of evaluation.json."""

    headline: RecordedHeadline
    dataset: Text
    evaluation: RecordedMethods
    sanity: RecordedSanity | None


def read_evaluation(store: Store) -> RecordedEvaluation | None:
    """Read the record that `gnomon evaluate` wrote; ``None`` where there is none.

    Raises ``RunError`` where it is damaged.
    """
    try:
        return read_as(store.read(RECORD), RecordedEvaluation)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(
            f"{store}/{RECORD} cannot be used: {error}; run `gnomon evaluate` again, or remove it"
        ) from error


def read_salient(store: Store) -> list[list[str]] | None:
    """Read the table that `gnomon salient` wrote, its header first; ``None`` where there is none.

    Raises ``RunError`` where it is damaged.
    """
    try:
        text = store.read(SALIENT).decode("utf-8", "surrogateescape")
        reader = csv.reader(StringIO(text, newline=""), strict=True)
        rows = [[unguarded(cell) for cell in row] for row in reader]
        if not rows or len({len(row) for row in rows}) != 1:
            raise ValueError("its rows are not all of one length")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(
            f"{store}/{SALIENT} cannot be used: {error}; run `gnomon salient` again, or remove it"
        ) from error
    return rows


def read_picture(store: Store, name: str) -> NDArray[np.uint8] | None:
    """Read a picture (h,w,3) that gnomon drew; ``None`` where it is not there or damaged."""
    try:
        return decode(store.read(name), name=f"{store}/{name}").rgb
    except (OSError, RunError, ImageError):
        return None


def salient_objects(store: Store) -> Iterator[str]:
    """List the pictures of classes that `gnomon salient` drew."""
    names = store.names("salient/objects")
    return (f"salient/objects/{name}" for name in names if name.endswith(".png"))

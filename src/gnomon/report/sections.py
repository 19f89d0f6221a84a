"""What other commands left in a run, as the report shows it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gnomon.classifier.certainty import unsure_note
from gnomon.report.pictures import data_uri, photograph
from gnomon.runs import Run
from gnomon.runs.findings import (
    RecordedEvaluation,
    RecordedInterval,
    read_picture,
    read_salient,
    salient_objects,
)
from gnomon.runs.store import Store

MOST_OBJECTS = 12
PICTURE_SIDE = 1400


@dataclass(frozen=True, slots=True)
class Numbers:
    """What came of the run, all images together; ``None`` where there are none.

    ``unsure`` says of how many images the classifier is unsure, if it is of any.
    """

    images: int
    keypoints: int
    failures: int
    points_an_image: float | None
    refined: float | None
    probability: float | None
    seconds: float | None
    unsure: str


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class that the run found: its images, their mean probability and number of points."""

    label: str
    images: int
    probability: float
    keypoints: float


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture that another command drew, and what it says; ``wide`` ones take a whole row."""

    source: str
    said: str
    wide: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table of words and numbers."""

    header: list[str]
    rows: list[list[str]]

    @property
    def texts(self) -> set[int]:
        """The columns that hold words."""
        return {at for row in self.rows for at, word in enumerate(row) if word[:1].isalpha()}


def numbers(run: Run) -> Numbers:
    """Sum the run up."""
    images, points = run.images, run.keypoints
    some, any_points = images.num_rows > 0, points.num_rows > 0
    return Numbers(
        images=images.num_rows,
        keypoints=points.num_rows,
        failures=len(run.failures),
        points_an_image=float(np.median(images["n_keypoints"])) if some else None,
        refined=float(np.mean(points["refined"])) if any_points else None,
        probability=float(np.mean(images["probability"])) if some else None,
        seconds=float(np.median(images["seconds"])) if some else None,
        unsure=unsure_note(
            sum(map(run.info.unsure, images["probability"].to_pylist())),
            images.num_rows,
            run.info.classifier,
            run.info.n_classes,
        ),
    )


def class_rows(run: Run) -> list[ClassRow]:
    """List the classes that were found, the most frequent first."""
    labels = run.images["label"].to_pylist()
    counts, probability, points = Counter(labels), Counter[str](), Counter[str]()
    for label, share, n in zip(
        labels,
        run.images["probability"].to_pylist(),
        run.images["n_keypoints"].to_pylist(),
        strict=True,
    ):
        probability[label] += share
        points[label] += n
    return [
        ClassRow(label, count, probability[label] / count, points[label] / count)
        for label, count in counts.most_common()
    ]


def salient_table(store: Store) -> Table | None:
    """Return the table that `gnomon salient` wrote, the most frequent landmarks of each class."""
    found = read_salient(store)
    if found is None:
        return None
    header, *rows = found
    return Table([name.replace("_", " ") for name in header], rows)


def salient_pictures(store: Store) -> list[Pictured]:
    """Find the histogram and the pictures of the classes, the first few of many."""
    objects = islice(salient_objects(store), MOST_OBJECTS)
    histogram = ("salient/histogram.png", "How often each landmark is found, by class")
    found = [(name, f"The salient landmarks of {_class_of(name)}") for name in objects]
    return [*_pictures(store, [histogram], wide=True), *_pictures(store, found)]


def method_table(record: RecordedEvaluation) -> Table:
    """Put the methods of an evaluation side by side, at its headline's budget and tolerance."""
    headline = record.headline
    header = ["method", "precision", "recall", "F1", "error, of the size"]
    rows = []
    for method in record.evaluation.methods:
        for cell in method.scores:
            if (cell.budget, cell.alpha) == (headline.budget, headline.alpha):
                shares = [cell.precision, cell.recall, cell.f1, cell.error]
                rows.append([method.method, *map(_interval, shares)])
    return Table(header, rows)


def evaluation_pictures(store: Store) -> list[Pictured]:
    """Find the pictures of an evaluation and of its sanity checks."""
    found = [
        ("evaluation/budgets.png", "F1 over the number of points, for each tolerance"),
        ("evaluation/shuffling.png", "What the maps keep while the weights are shuffled"),
        ("evaluation/repeat.png", "Which keypoints are found again on a warped photograph"),
        ("evaluation/games.png", "The class's probability while pixels go in and out"),
    ]
    return list(_pictures(store, found, wide=True))


def _interval(share: RecordedInterval) -> str:
    if share.value is None:
        return "-"
    text = f"{share.value:.3f}"
    if share.low is not None and share.high is not None:
        text += f" ({share.low:.2f} to {share.high:.2f})"
    return text


def _class_of(picture: str) -> str:
    """Read a class from the name of its picture, 001_Some_Class.png."""
    name = picture.rpartition("/")[2].removesuffix(".png")
    return name.partition("_")[2].replace("_", " ")


def _pictures(
    store: Store, found: list[tuple[str, str]], *, wide: bool = False
) -> Iterator[Pictured]:
    for name, said in found:
        rgb = read_picture(store, name)
        if rgb is not None:
            yield Pictured(data_uri(photograph(rgb, PICTURE_SIDE)), said, wide)

"""From a data set to labeled photographs in three parts: path, label and split, nothing else.

Here is the one place where training meets a data set. It reads a sample's image, one label and
split; landmarks, boxes and part outlines are never asked for.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.datasets import Dataset, Sample
from gnomon.datasets.sample import Split
from gnomon.errors import DatasetError, SettingError
from gnomon.training.settings import Labels, TrainingSettings

READ_LABEL: dict[Labels, Callable[[Sample], str | None]] = {
    "class": lambda sample: sample.label,
    "viewpoint": lambda sample: sample.viewpoint,
}


@dataclass(frozen=True, slots=True)
class Photo:
    """All that a training knows of a photograph."""

    image: Path
    label: str
    split: Split | None


@dataclass(frozen=True, slots=True)
class Parts:
    """Photographs to learn from, to choose by, and to measure on at the very end."""

    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]
    test: tuple[Photo, ...]
    class_names: tuple[str, ...]


def labeled(dataset: Dataset, labels: Labels) -> tuple[list[Photo], int]:
    """List the samples that have the label asked for, and count the others.

    ``DatasetError`` where no sample has one.
    """
    read = READ_LABEL[labels]
    found = [(sample.image, read(sample), sample.split) for sample in dataset]
    photos = [Photo(image, label, split) for image, label, split in found if label is not None]
    if not photos:
        other = next(one for one in READ_LABEL if one != labels)
        raise DatasetError(
            f"none of the {len(found)} images has a {labels} label; if the data set knows its"
            f" {other} labels, use --labels {other}"
        )
    return photos, len(found) - len(photos)


def spread(photos: Sequence[Photo], limit: int | None) -> list[Photo]:
    """Choose ``limit`` photographs in turn from each class and split, in their order."""
    groups: defaultdict[tuple[str, Split | None], list[int]] = defaultdict(list)
    for row, photo in enumerate(photos):
        groups[photo.label, photo.split].append(row)
    turns = sorted((turn, row) for rows in groups.values() for turn, row in enumerate(rows))
    chosen = sorted(row for _, row in turns[:limit])
    return [photos[row] for row in chosen]


def divide(photos: Sequence[Photo], settings: TrainingSettings) -> Parts:
    """Part the photographs: the data set's own test split, or shares of each class by the seed.

    Its own validation split is the validation part; without one, that comes out of what is left to
    train on. ``DatasetError`` or ``SettingError``
    where a part or a second class is missing.
    """
    _require_two_classes(photos)
    test = [photo for photo in photos if photo.split == "test"]
    chosen_by = [photo for photo in photos if photo.split == "validation"]
    rest = [photo for photo in photos if photo.split not in ("test", "validation")]
    if test and settings.test_share is not None:
        raise SettingError("the data set has its own test split; leave --test-share out")
    if not test and settings.test_share is None:
        raise DatasetError(
            "the data set has no test split; set a part of it aside, for example --test-share 0.2"
        )
    if settings.test_share is not None:
        rest, test = _set_aside(rest, settings.test_share, settings.seed)
    _require_two_classes(rest)
    class_names = tuple(sorted({photo.label for photo in rest}))
    for name, part in (("test", test), ("validation", chosen_by)):
        if strangers := sorted({photo.label for photo in part} - set(class_names)):
            raise DatasetError(
                f"the {name} split has {len(strangers)} classes that the training split has not,"
                f" the first of them {strangers[0]!r}; take them out, or add images to train on"
            )
    train, validation = rest, chosen_by
    if not validation:
        train, validation = _set_aside(rest, settings.validation_share, settings.seed)
    if not validation or not test:
        raise DatasetError(
            f"{len(rest)} images in {len(class_names)} classes are too few to part: every class"
            " has one image only; add more"
        )
    return Parts(tuple(train), tuple(validation), tuple(test), class_names)


def _require_two_classes(photos: Iterable[Photo]) -> None:
    counts = Counter(photo.label for photo in photos)
    if len(counts) < 2:
        what = f"all of one class, {next(iter(counts))!r}" if counts else "none at all"
        raise DatasetError(
            f"there are {counts.total()} labeled images to train on, {what};"
            " a classifier needs images of at least two classes"
        )


def _set_aside(photos: Sequence[Photo], share: float, seed: int) -> tuple[list[Photo], list[Photo]]:
    """Draw ``share`` of each class, at least one where it has two, and never all of it."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, photo in enumerate(photos):
        rows[photo.label].append(row)
    aside: set[int] = set()
    for order, label in enumerate(sorted(rows)):
        shuffled = np.random.default_rng([seed, order]).permutation(rows[label])
        count = min(max(1, round(share * len(shuffled))), len(shuffled) - 1)
        aside.update(shuffled[:count].tolist())
    kept = [photo for row, photo in enumerate(photos) if row not in aside]
    return kept, [photos[row] for row in sorted(aside)]

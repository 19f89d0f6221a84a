"""What a training found in a data set, as sentences: classes, images per class, splits."""

from collections import Counter
from collections.abc import Iterable, Sequence

from gnomon.datasets.sample import Split
from gnomon.training.data import Photo

MOST_CLASSES = 20
"""How many classes are listed each; of more, those with the fewest and the most images."""


def found_lines(photos: Sequence[Photo]) -> list[str]:
    """Describe how many classes, images per class and splits there are."""
    counts = Counter(photo.label for photo in photos)
    return [
        f"{len(counts)} classes, {len(photos):,} images; {_splits(photos)}",
        f"images per class: {_per_class(counts)}",
    ]


def _splits(photos: Iterable[Photo]) -> str:
    counts = Counter(photo.split for photo in photos)
    if set(counts) == {None}:
        return "no splits"
    names: dict[Split | None, str] = {
        "train": "train",
        "validation": "validation",
        "test": "test",
        None: "in no split",
    }
    return "splits: " + ", ".join(
        f"{name} {counts[key]:,}" for key, name in names.items() if counts[key]
    )


def _per_class(counts: Counter[str]) -> str:
    if len(counts) <= MOST_CLASSES:
        return _listed(sorted(counts.items()))
    ranked = sorted(counts.items(), key=lambda pair: (pair[1], pair[0]))
    return f"the fewest {_listed(ranked[:3])}; the most {_listed(ranked[-3:])}"


def _listed(pairs: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in pairs)

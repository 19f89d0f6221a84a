"""What `gnomon detect` is given: images, folders, globs, and data sets by name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gnomon.datasets import DATASETS, open_dataset
from gnomon.images import find_images
from gnomon.types import Landmarks


@dataclass(frozen=True, slots=True)
class Input:
    """One image to process, and its annotated points where a data set knows them."""

    path: str
    landmarks: Landmarks | None = None


def find_inputs(given: Iterable[str]) -> list[Input]:
    """List every image once, in the order given; ``kind:FOLDER`` stands for a data set's images."""
    found: dict[str, Input] = {}
    for each in given:
        for one in _expand(each):
            found.setdefault(one.path, one)
    return list(found.values())


def _expand(given: str) -> Iterator[Input]:
    kind = given.partition(":")[0]
    if kind in DATASETS and not Path(given).exists():
        for sample in open_dataset(given):
            yield Input(str(sample.image), sample.landmarks)
    else:
        yield from map(Input, find_images([given]))

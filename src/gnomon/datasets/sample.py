"""What every data set yields, whatever its files look like."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from gnomon.datasets.polygon import PartPolygon
from gnomon.types import Floats, Landmarks

Split = Literal["train", "validation", "test"]
Change = Literal["kept", "moved", "added"]


@dataclass(frozen=True, slots=True)
class Edits:
    """What a person did to gnomon's own points, which are now the landmarks.

    ``changes`` has one for each landmark; ``deleted`` counts the points that are gone.
    """

    changes: tuple[Change, ...]
    deleted: int


def _no_boxes() -> Floats:
    return np.empty((0, 4))


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One photograph and what people said about it, in gnomon's file pixels.

    ``boxes`` (N,4) are x, y, width, height, (x, y) the top left corner; ``split`` is "validation"
    only where there are test images besides; nothing learns from either. ``edits`` are there where
    the landmarks were gnomon's own points first. What a data set does not know is ``None`` or
    empty.
    """

    image: Path
    label: str | None = None
    viewpoint: str | None = None
    landmarks: Landmarks | None = None
    boxes: Floats = field(default_factory=_no_boxes)
    polygons: tuple[PartPolygon, ...] = ()
    split: Split | None = None
    edits: Edits | None = None

    def __post_init__(self) -> None:
        boxes = np.asarray(self.boxes, dtype=np.float64)
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(f"boxes are (N,4), not {boxes.shape}")
        object.__setattr__(self, "boxes", boxes)


class Dataset(Protocol):
    """A fixed, ordered collection of samples."""

    def __len__(self) -> int:
        """Count the samples."""
        ...

    def __getitem__(self, index: int, /) -> Sample:
        """Return one sample; ``IndexError`` where there is none."""
        ...

    def __iter__(self) -> Iterator[Sample]:
        """Yield all samples in order."""
        ...


@dataclass(frozen=True, slots=True)
class Samples:
    """A ``Dataset`` of ``count`` samples, each made by ``make`` when it is asked for."""

    count: int
    make: Callable[[int], Sample]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /) -> Sample:
        return self.make(range(self.count)[index])

    def __iter__(self) -> Iterator[Sample]:
        return map(self.make, range(self.count))


def box_around(xy: Floats) -> Floats:
    """Enclose points (N,2), at least one, in one box (1,4)."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    return np.concatenate([low, high - low])[None]


def longer_side(boxes: Floats) -> float:
    """Measure the largest box (N,4) by its longer side, the scale of its object; 1 at the least."""
    return max(1.0, float(boxes[:, 2:].max(initial=0.0)))

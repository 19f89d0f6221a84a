"""One image whose keypoints have met its annotated landmarks."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnomon.types import Floats, Landmarks


@dataclass(frozen=True, slots=True, order=True)
class Landmark:
    """What a landmark is in every image: the data set's ``id`` and the name of its ``part``.

    >>> str(Landmark(52, "Bonnet"))
    '52, Bonnet'
    """

    id: int
    part: str

    def __str__(self) -> str:
        return f"{self.id}, {self.part}"


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """An image of class ``label``: keypoints ``xy`` (N,2) file pixels, its annotated landmarks.

    ``assigned`` (N,M) is true where landmark m is keypoint n's. ``image`` is a data set's file;
    of an image that only a run knows, ``recorded`` is the run's path and content hash.
    """

    image: Path
    label: str
    xy: Floats
    landmarks: Landmarks
    assigned: NDArray[np.bool_]
    recorded: tuple[str, str] | None = None

    @property
    def visible(self) -> frozenset[Landmark]:
        """The landmarks that can be seen."""
        return frozenset(
            landmark
            for landmark, seen in zip(self._named, self.landmarks.visible, strict=True)
            if seen
        )

    @property
    def hits(self) -> Counter[Landmark]:
        """How many keypoints went to each landmark; to one annotated twice, they count once."""
        pairs = {(int(n), self._named[m]) for n, m in np.argwhere(self.assigned)}
        return Counter(landmark for _, landmark in pairs)

    def where(self, landmarks: Collection[Landmark]) -> NDArray[np.bool_]:
        """Mark (M,) the annotated points that are visible and among ``landmarks``."""
        wanted = np.array([one in landmarks for one in self._named], dtype=np.bool_)
        return wanted & self.landmarks.visible

    @property
    def _named(self) -> list[Landmark]:
        pairs = zip(self.landmarks.ids.tolist(), self.landmarks.names, strict=True)
        return [Landmark(id_, part) for id_, part in pairs]

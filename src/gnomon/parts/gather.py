"""From a run to the points that parts are learnt from, in bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.classifier import Classifier
from gnomon.errors import ImageError, RunError
from gnomon.parts.describe import ANCHORS, Descriptors, Look, Space, look
from gnomon.parts.features import FeatureMaps
from gnomon.parts.learn import Points
from gnomon.runs import Run
from gnomon.runs.by_image import places, points_by_image
from gnomon.runs.photographs import Photographs

MOST_IMAGES = 4000
"""Parts are learnt from at most so many images of a run, chosen at even steps."""
SPACE_POINTS = 20_000
"""The space is fitted to so many descriptors; those that follow are kept in it only."""
MIRRORED_IMAGES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """I images' anchors, their class ``labels``, and some of them (``rows``) seen in a mirror."""

    space: Space
    points: Points
    labels: tuple[str, ...]
    rows: NDArray[np.int64]
    mirrored: Descriptors
    failures: dict[str, str]


def gather(
    run: Run,
    classifier: Classifier,
    features: FeatureMaps,
    done: Callable[[int, int], None] = lambda now, total: None,
    *,
    space: Space | None = None,
    photographs: Photographs | None = None,
) -> Gathered:
    """Describe the anchors of a run's images; what cannot be read is told and left out.

    In ``space``, or in one that is fitted to them. ``RunError`` where no image has a keypoint.
    """
    photographs = photographs or Photographs()
    points = points_by_image(run.keypoints)
    rows = [row for row in run.images.to_pylist() if row["image_id"] in points]
    steps = np.linspace(0, len(rows) - 1, min(MOST_IMAGES, len(rows))).round().astype(int)
    rows = [rows[step] for step in steps]
    wanted = set(np.linspace(0, len(rows) - 1, min(MIRRORED_IMAGES, len(rows))).round().astype(int))
    store, mirrored = _Store(space), _Store(space)
    labels: list[str] = []
    chosen: list[int] = []
    failures: dict[str, str] = {}
    for number, row in enumerate(rows):
        xy = places(points[row["image_id"]])[:ANCHORS]
        try:
            seen = look(features, photographs.picture(row["path"], row["content_hash"]), xy)
        except ImageError as error:
            failures[row["path"]] = str(error)
            continue
        store.add(seen.describe(xy), seen.places(xy), seen.widths)
        if number in wanted:
            chosen.append(len(labels))
            other = in_mirror(features, seen)
            mirrored.add(other.describe(xy), seen.places(xy), seen.widths)
        labels.append(row["label"])
        done(number + 1, len(rows))
    if not labels:
        told = next(iter(failures.values()), "the run has no keypoint")
        raise RunError(f"no image of {run.folder} can show parts: {told}")
    space = store.space or store.fit()
    return Gathered(
        space,
        store.points(space),
        tuple(labels),
        np.array(chosen, dtype=np.int64),
        mirrored.points(space).descriptors,
        failures,
    )


def in_mirror(features: FeatureMaps, seen: Look) -> Look:
    """Look at the same view in a mirror; points are still given where they are in the file."""
    return seen.with_maps([one.flip(-1) for one in features(seen.view.pixels.flip(-1))])


class _Store:
    """Descriptors as read until there are enough to fit the space, in the space from then on."""

    def __init__(self, space: Space | None) -> None:
        self.space = space
        self._raw: list[Descriptors] = []
        self._embedded: list[Descriptors] = []
        self._places: list[NDArray[np.complex128]] = []
        self._widths: tuple[int, ...] = ()
        self._count = 0

    def add(
        self, raw: Descriptors, places: NDArray[np.complex128], widths: tuple[int, ...]
    ) -> None:
        self._widths = widths
        self._places.append(places)
        self._count += len(raw)
        if self.space is not None:
            self._embedded.append(self.space.embed(raw))
            return
        self._raw.append(raw)
        if self._count >= SPACE_POINTS:
            self.fit()

    def fit(self) -> Space:
        self.space = Space.of(np.concatenate(self._raw), self._widths)
        return self.space

    def points(self, space: Space) -> Points:
        embedded = [space.embed(raw) for raw in self._raw] + self._embedded
        shape = (len(embedded), max(map(len, embedded), default=0))
        descriptors = np.zeros((*shape, space.dimensions), np.float32)
        places = np.zeros(shape, np.complex128)
        known = np.zeros(shape, np.bool_)
        for row, (one, at) in enumerate(zip(embedded, self._places, strict=True)):
            descriptors[row, : len(one)] = one
            places[row, : len(one)] = at
            known[row, : len(one)] = True
        return Points(descriptors, places, known)

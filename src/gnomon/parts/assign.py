"""Which part each keypoint of an image is, and where a part lies that no keypoint shows."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gnomon.classifier import Classifier
from gnomon.errors import RunError, SettingError
from gnomon.images.picture import Picture
from gnomon.parts.describe import ANCHORS, Look, look
from gnomon.parts.features import FeatureMaps
from gnomon.parts.layout import Pose, settle
from gnomon.parts.model import Group, PartModel
from gnomon.types import Floats, Keypoints

LEAST_SHARE = 0.3
"""A point may be a part only where the part's share of it is at least this."""
LEAST_SCORE = 0.2
"""... and where it matches better than this share of the points that the part was learnt from."""
EXPECTED = 0.5
"""A part is expected where at least this share of the class's images shows it."""
STEP = 4
"""Pixels of the view between the places where a missing part is searched."""


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """A part's best place ``xy`` (2,), file pixels, where no keypoint lies, and its ``score``."""

    part: int
    xy: Floats
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """The parts of N keypoints.

    ``part`` (N,) is -1 where none fits, ``score`` (N,) in [0,1] how well it fits, 0 for none.
    ``searched`` are the parts that were expected and not among them.
    """

    part: NDArray[np.int64]
    score: Floats
    searched: tuple[Searched, ...] = ()


class PartFinder:
    """Assigns parts to the keypoints of an image.

    ``classifier`` is the one that the model was learnt with, ``RunError`` if it is another.
    """

    def __init__(self, model: PartModel, classifier: Classifier) -> None:
        if classifier.weights_sha256 != model.weights_sha256:
            raise RunError(
                f"these parts were learnt with {model.classifier!r} (weights"
                f" {model.weights_sha256[:12]}…), not with {classifier.name!r}"
                f" ({classifier.weights_sha256[:12]}…); detect with that one, or learn parts anew"
            )
        self.model = model
        self._features = FeatureMaps(classifier, model.layers)

    def __call__(self, picture: Picture, keypoints: Keypoints, label: str) -> Keypoints:
        """Return keypoints in file pixels with their ``part`` filled in."""
        if keypoints.frame != "file":
            raise SettingError("parts are found for keypoints in file pixels")
        return replace(keypoints, part=self.assign(picture, keypoints.xy, label).part)

    def assign(
        self, picture: Picture, xy: Floats, label: str, *, expected: float = EXPECTED
    ) -> Assigned:
        """Assign points (N,2) in file pixels, best first, of an image of class ``label``.

        What is expected in more than ``expected`` of the class's images and is missing is searched.
        """
        if len(xy) == 0:
            return Assigned(np.empty(0, np.int64), np.empty(0))
        seen = look(self._features, picture, xy)
        group, pose = self._group(seen, xy[:ANCHORS], label)
        match = self._match(group, pose, seen, xy)
        part, score = _best(group, match)
        searched: tuple[Searched, ...] = ()
        missing = np.setdiff1d(np.flatnonzero(group.expects(label) >= expected), part)
        if missing.size:
            grid = _grid(seen, picture.size)
            found = self._match(group, pose, seen, grid)[:, missing]
            best = found.argmax(axis=0)
            scores = group.score_of(missing, found[best, np.arange(len(missing))])
            searched = tuple(
                Searched(int(one) + group.first, grid[at], float(score))
                for one, at, score in zip(missing, best, scores, strict=True)
            )
        return Assigned(np.where(part < 0, -1, part + group.first), score, searched)

    def _group(self, seen: Look, xy: Floats, label: str) -> tuple[Group, Pose]:
        """Choose the group that knows the class, or else the one that explains the image best."""
        groups = self.model.groups
        mine = [one for one in groups if label in one.labels] or list(groups)
        fits = []
        descriptors = self.model.space.embed(seen.describe(xy))[None]
        places = seen.places(xy)[None]
        known = np.ones(places.shape, np.bool_)
        for group in mine:
            pose = settle(group.layout, descriptors, places, known)
            match = group.layout.match(group.layout.likeness(descriptors), pose.place(places))
            fits.append((float(match.max(axis=2).mean()), group, pose))
        _, group, pose = max(fits, key=lambda fit: fit[0])
        return group, pose

    def _match(self, group: Group, pose: Pose, seen: Look, xy: Floats) -> Floats:
        likeness = group.layout.likeness(self.model.space.embed(seen.describe(xy)))
        return group.layout.match(likeness, pose.place(seen.places(xy)[None])[0])


def _best(group: Group, match: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Assign points to parts (N,), -1 for none, so that the parts' shares are largest together."""
    score = group.score(match)
    share = group.layout.shares(match)
    allowed = (share >= LEAST_SHARE) & (score >= LEAST_SCORE)
    gain = np.where(allowed, np.log(np.maximum(share, 1e-12) / LEAST_SHARE) + 1e-6, 0.0)
    columns = np.repeat(np.arange(len(group)), group.repeats)
    points, slots = linear_sum_assignment(-gain[:, columns])
    parts = columns[slots]
    taken = allowed[points, parts]
    part = np.full(len(match), -1, dtype=np.int64)
    part[points[taken]] = parts[taken]
    scores: Floats = np.zeros(len(match))
    scores[points[taken]] = score[points[taken], parts[taken]]
    return part, scores


def _grid(seen: Look, size: tuple[int, int]) -> Floats:
    """Return the places of the view, ``STEP`` apart, that lie in a file of ``size``, in its px."""
    height, width = seen.view.pixels.shape[1:]
    x, y = np.meshgrid(np.arange(STEP / 2, width, STEP), np.arange(STEP / 2, height, STEP))
    xy = seen.view.from_file.inverse().apply(np.stack([x.ravel(), y.ravel()], axis=1))
    inside = ((xy >= 0) & (xy <= np.array(size) - 1)).all(axis=1)
    return xy[inside]

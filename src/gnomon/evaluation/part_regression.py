"""Annotated points from discovered parts by a linear map, the field's measure of landmarks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.datasets.sample import Sample
from gnomon.types import Floats

PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
FOLDS = 5
BEST = 20
"""So many of an image's best keypoints say where its object lies and how large it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The annotated points of I images.

    ``xy`` (I,M,2) are file pixels, NaN where not visible; ``sizes`` (I,2) width and height of the
    images; ``scales`` (I,) the longer sides of the objects' boxes.
    """

    xy: Floats
    sizes: Floats
    scales: Floats

    def take(self, rows: NDArray[np.int64]) -> "Targets":
        """Select images."""
        return Targets(self.xy[rows], self.sizes[rows], self.scales[rows])


@dataclass(frozen=True, slots=True)
class RegressionError:
    """Mean distance of ``points`` predicted points, in units of the image and of the object's box.

    An image's unit is the square root of its area. Both are NaN without points.
    """

    points: int
    by_image: float
    by_box: float


@dataclass(frozen=True, slots=True)
class PartRegression:
    """Errors on ``measured`` images of linear maps that ``learnt`` images' annotations fitted.

    From the places of the ``parts``; from the keypoints' middle and spread (``position``); and
    from nothing, which is the ``mean_shape``.
    """

    learnt: int
    measured: int
    parts: RegressionError
    position: RegressionError
    mean_shape: RegressionError


def regress_parts(
    samples: Sequence[Sample],
    sizes: Floats,
    keypoints: Sequence[Floats],
    places: Floats,
    learning: NDArray[np.bool_],
) -> PartRegression:
    """Predict the annotated points of I samples from where their parts lie.

    ``sizes`` (I,2) are the images' widths and heights, ``keypoints`` (N,2) each image's, best
    first, ``places`` (I,K,2) the parts', NaN where an image shows a part nowhere: it then counts
    as lying in the keypoints' middle. The maps are fitted to the samples that are ``learning``.
    """
    middle = np.stack([xy[:BEST].mean(axis=0) for xy in keypoints])
    spread = np.stack([xy[:BEST].std(axis=0) for xy in keypoints])
    targets = _targets(samples, sizes)
    train, test = targets.take(np.flatnonzero(learning)), targets.take(np.flatnonzero(~learning))

    def error(inputs: Floats) -> RegressionError:
        return regress(inputs[learning], train, inputs[~learning], test)

    return PartRegression(
        learnt=int(learning.sum()),
        measured=int((~learning).sum()),
        parts=error(np.where(np.isnan(places), middle[:, None], places)),
        position=error(np.stack([middle, middle + spread], axis=1)),
        mean_shape=error(places[:, :0]),
    )


def _targets(samples: Sequence[Sample], sizes: Floats) -> Targets:
    marked = [first_landmarks(one) for one in samples]
    names = sorted(set().union(*marked))
    xy = np.full((len(samples), len(names), 2), np.nan)
    for row, marks in enumerate(marked):
        for name, at in marks.items():
            xy[row, names.index(name)] = at
    scales = [1.0 if one.landmarks is None else one.landmarks.scale for one in samples]
    return Targets(xy, np.asarray(sizes, dtype=np.float64), np.array(scales))


def first_landmarks(sample: Sample) -> dict[str, Floats]:
    """Return a sample's visible landmarks (2,) by name, the first of each."""
    marks = sample.landmarks
    if marks is None:
        return {}
    shown = zip(marks.names, marks.xy, marks.visible, strict=True)
    return dict(reversed([(name, at) for name, at, seen in shown if seen]))


def regress(
    train_inputs: Floats, train: Targets, test_inputs: Floats, test: Targets
) -> RegressionError:
    """Fit a linear map with an offset from inputs (I,K,2), file pixels, to each annotated point.

    Both sides are in units of the image's width and height. The ridge penalty is chosen by
    cross-validation on the training images. With K = 0 the map is the mean shape.
    """
    folds = np.random.default_rng(0).permutation(len(train_inputs)) % FOLDS
    chosen = PENALTIES[0]
    if train_inputs.shape[1]:
        errors = [
            np.nansum([_fold(train_inputs, train, folds, fold, one) for fold in range(FOLDS)])
            for one in PENALTIES
        ]
        chosen = PENALTIES[int(np.argmin(errors))]
    return _error(train_inputs, train, test_inputs, test, chosen)


def _fold(
    inputs: Floats, targets: Targets, folds: NDArray[np.int64], fold: int, penalty: float
) -> float:
    fit, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
    error = _error(inputs[fit], targets.take(fit), inputs[held], targets.take(held), penalty)
    return error.by_image


def _error(
    inputs: Floats, train: Targets, test_inputs: Floats, test: Targets, penalty: float
) -> RegressionError:
    here = (inputs / train.sizes[:, None]).reshape(len(inputs), -1)
    there = (test_inputs / test.sizes[:, None]).reshape(len(test_inputs), -1)
    by_image, by_box = [], []
    for point in range(train.xy.shape[1]):
        known = np.isfinite(train.xy[:, point, 0])
        asked = np.isfinite(test.xy[:, point, 0])
        if not known.any() or not asked.any():
            continue
        wanted = train.xy[known, point] / train.sizes[known]
        predicted = _ridge(here[known], wanted, there[asked], penalty) * test.sizes[asked]
        away = np.hypot(*(predicted - test.xy[asked, point]).T)
        by_image.append(away / np.sqrt(test.sizes[asked].prod(axis=1)))
        by_box.append(away / test.scales[asked])
    if not by_image:
        return RegressionError(0, math.nan, math.nan)
    joined = np.concatenate(by_image)
    return RegressionError(len(joined), float(joined.mean()), float(np.concatenate(by_box).mean()))


def _ridge(inputs: Floats, wanted: Floats, asked: Floats, penalty: float) -> Floats:
    middle, target = inputs.mean(axis=0), wanted.mean(axis=0)
    centered = inputs - middle
    gram = centered.T @ centered + penalty * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, centered.T @ (wanted - target))
    predicted: Floats = (asked - middle) @ weights + target
    return predicted

"""A detector and annotated photographs in, an evaluation beside the baselines out."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gnomon.datasets.sample import Sample
from gnomon.detector import Detector, WindowsDone
from gnomon.errors import GnomonError, SettingError
from gnomon.evaluation.bootstrap import Interval
from gnomon.evaluation.edited import Edited, count_edits, only_set_by_hand
from gnomon.evaluation.inside import InsideScore, score_inside
from gnomon.evaluation.matching import match
from gnomon.evaluation.methods import baselines, keeping_all, own_methods
from gnomon.evaluation.metrics import (
    ALPHAS,
    BUDGETS,
    PartScore,
    Score,
    score,
    score_classes,
    score_parts,
)
from gnomon.types import Keypoints

HEADLINE_BUDGET, HEADLINE_ALPHA = 15, 0.1


@dataclass(frozen=True, slots=True)
class MethodScore:
    """What one method's points are worth.

    ``given`` is how many points it gave an image in the mean, for each budget, and ``fewest`` the
    least for the largest; ``scores`` over all images, ``parts`` by part, ``classes`` by class (by
    viewpoint where the data set has no classes), ``inside`` a part's outline; empty where the data
    set cannot tell.
    """

    method: str
    given: tuple[float, ...]
    fewest: int
    scores: tuple[Score, ...]
    parts: tuple[PartScore, ...]
    classes: dict[str, tuple[Score, ...]]
    inside: tuple[InsideScore, ...]

    def at(self, budget: int, alpha: float) -> Score:
        """Pick one cell of ``scores``."""
        return next(one for one in self.scores if (one.budget, one.alpha) == (budget, alpha))

    def parts_at(self, budget: int, alpha: float) -> tuple[PartScore, ...]:
        """Pick one cell of each part."""
        return tuple(one for one in self.parts if (one.budget, one.alpha) == (budget, alpha))

    def class_at(self, label: str, budget: int, alpha: float) -> Score:
        """Pick one cell of one class."""
        cells = self.classes[label]
        return next(one for one in cells if (one.budget, one.alpha) == (budget, alpha))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The methods side by side on the same images, gnomon first.

    ``unannotated`` images could tell nothing and were left out; ``failures`` and ``left_out`` say
    why an image (by path) or a method (by name) is missing. ``edited`` is there where the
    landmarks were gnomon's own points first: those that were kept are not measured, and precision
    and F1 are unknown.
    """

    images: int
    unannotated: int
    budgets: tuple[int, ...]
    alphas: tuple[float, ...]
    methods: tuple[MethodScore, ...]
    failures: dict[str, str]
    left_out: dict[str, str]
    edited: Edited | None = None


def evaluate(
    detector: Detector,
    samples: Iterable[Sample],
    *,
    budgets: Sequence[int] = BUDGETS,
    alphas: Sequence[float] = ALPHAS,
    resamples: int = 1000,
    seed: int = 0,
    progress: WindowsDone | None = None,
    image_done: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Detect anew in each annotated photograph, keeping every candidate, and score all methods.

    ``resamples`` bootstrap draws over images give the intervals; ``seed`` moves them and the random
    baselines. ``progress`` hears of the windows done within an image, ``image_done`` of each image.
    ``SettingError`` where no sample is annotated, ``GnomonError`` where no image can be processed.
    """
    samples = list(samples)
    edited = count_edits(samples)
    samples = [only_set_by_hand(one) for one in samples]
    told = [one for one in samples if is_annotated(one)]
    if not told and edited is not None:
        raise SettingError(
            f"all {edited.kept} points of this data set are gnomon's own, left where it put them;"
            " gnomon measured against itself tells nothing. Give points that were set without it"
        )
    if not told:
        raise SettingError(
            f"none of the {len(samples)} images has an annotated point or outline, so there is"
            " nothing to measure keypoints against; give a data set that has them"
        )
    gathering = _Gathering(keeping_all(detector), max(budgets), seed)
    for sample in told:
        try:
            gathering.add(sample, progress)
        except GnomonError as error:
            gathering.failures[str(sample.image)] = str(error)
        image_done()
    if not gathering.samples:
        path, reason = next(iter(gathering.failures.items()))
        raise GnomonError(f"none of the {len(told)} images can be processed; {path}: {reason}")
    return Evaluation(
        images=len(gathering.samples),
        unannotated=len(samples) - len(told),
        budgets=tuple(budgets),
        alphas=tuple(alphas),
        methods=tuple(
            _score(name, points, gathering.samples, budgets, alphas, resamples, seed)
            if edited is None
            else _recall_alone(
                _score(name, points, gathering.samples, budgets, alphas, resamples, seed)
            )
            for name, points in gathering.points.items()
        ),
        failures=gathering.failures,
        left_out=gathering.left_out,
        edited=edited,
    )


def is_annotated(sample: Sample) -> bool:
    """Return whether anything can be measured: a visible landmark or an outline is there.

    A landmark that is gnomon's own point, left where it was, measures nothing.
    """
    landmarks = only_set_by_hand(sample).landmarks
    return bool(sample.polygons) or (landmarks is not None and bool(landmarks.visible.any()))


def evenly(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Choose at most ``count`` of the samples, at even steps from the first to the last."""
    steps = np.linspace(0, len(samples) - 1, min(count, len(samples)))
    return [samples[row] for row in steps.round().astype(int)]


class _Gathering:
    """The points that each method gives, image by image."""

    def __init__(self, detector: Detector, count: int, seed: int) -> None:
        self.samples: list[Sample] = []
        self.failures: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        self._detector, self._count, self._seed = detector, count, seed
        self._baselines = baselines(detector)
        self._own = own_methods(detector.settings)
        self.points: dict[str, list[Keypoints]] = {
            name: [] for name in [*self._own, *self._baselines]
        }

    def add(self, sample: Sample, progress: WindowsDone | None) -> None:
        """Let every method propose in one image; a baseline that cannot is left out for good."""
        image = self._detector.load(sample.image)
        found = self._detector.detect(image, progress)
        for name, own in self._own.items():
            best = own(found, self._detector.settings).take(slice(self._count))
            self.points[name].append(best)
        for name, propose in self._baselines.items():
            if name in self.left_out:
                continue
            try:
                self.points[name].append(propose(image, sample, self._count, self._seed))
            except GnomonError as error:
                self.left_out[name] = str(error)
                del self.points[name]
        self.samples.append(sample)


def _score(
    name: str,
    points: Sequence[Keypoints],
    samples: Sequence[Sample],
    budgets: Sequence[int],
    alphas: Sequence[float],
    resamples: int,
    seed: int,
) -> MethodScore:
    matches = [
        match(found, sample.landmarks, sample.label or sample.viewpoint)
        for found, sample in zip(points, samples, strict=True)
        if sample.landmarks is not None
    ]
    counts = np.array([len(found) for found in points])
    polygons = [sample.polygons for sample in samples]
    return MethodScore(
        method=name,
        given=tuple(float(np.minimum(counts, budget).mean()) for budget in budgets),
        fewest=int(counts.min()),
        scores=score(matches, budgets, alphas, resamples=resamples, seed=seed),
        parts=score_parts(matches, budgets, alphas, resamples=resamples, seed=seed),
        classes=score_classes(matches, budgets, alphas, resamples=resamples, seed=seed),
        inside=score_inside(points, polygons, budgets, resamples=resamples, seed=seed)
        if any(polygons)
        else (),
    )


def _recall_alone(method: MethodScore) -> MethodScore:
    """Leave out precision and F1, which landmarks that are but some of the truth cannot tell."""
    return replace(
        method,
        scores=_unknown(method.scores),
        classes={name: _unknown(cells) for name, cells in method.classes.items()},
    )


def _unknown(cells: tuple[Score, ...]) -> tuple[Score, ...]:
    nothing = Interval(math.nan, math.nan, math.nan)
    return tuple(replace(one, precision=nothing, f1=nothing) for one in cells)

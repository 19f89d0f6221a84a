"""What the maps depend on: the learnt weights, or the edges of the image alone.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim: Sanity checks for saliency maps, NeurIPS 2018. A
map that stays as it is while the network forgets what it has learnt says nothing about it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gnomon.classifier import Classifier
from gnomon.detection import Detection
from gnomon.detector import Detector
from gnomon.evaluation.curves import Curve, Game, Order, by_chance, by_value, mean_curve, play
from gnomon.evaluation.edges import edge_strength
from gnomon.evaluation.methods import keeping_all
from gnomon.evaluation.randomization import randomized, weighted_layers
from gnomon.evaluation.similarity import rank_correlation, structural_similarity, top_overlap
from gnomon.evaluation.survival import survival, survival_by_chance
from gnomon.presets import changes_to
from gnomon.types import Floats, Heatmap, HeatmapKind, Image

STAGES = 8
GAMES: tuple[Game, ...] = ("insertion", "deletion")


@dataclass(frozen=True, slots=True)
class Change:
    """How alike a map and the clean network's are: 1 the same, about 0 unlike."""

    kind: HeatmapKind
    rank_correlation: float
    ssim: float


@dataclass(frozen=True, slots=True)
class Stage:
    """The last ``layers`` weight layers shuffled, down to the one named ``reached``.

    ``survived`` is the share of the clean network's best points that have one of this network's as
    near as the suppression radius; ``by_chance`` that of points anywhere in the image.
    """

    layers: int
    reached: str
    changes: tuple[Change, ...]
    survived: float
    by_chance: float


@dataclass(frozen=True, slots=True)
class EdgeOverlap:
    """How like the image's edges a map is: ranks, and the strongest tenth (by chance 0.1)."""

    kind: HeatmapKind
    network: str
    rank_correlation: float
    top_tenth: float


@dataclass(frozen=True, slots=True)
class Sanity:
    """Means over ``images``; ``stages`` of ``layers`` weight layers, from the last to the first."""

    images: int
    layers: int
    budget: int
    stages: tuple[Stage, ...]
    edges: tuple[EdgeOverlap, ...]
    curves: tuple[Curve, ...]


def check_sanity(
    detector: Detector,
    images: Sequence[Image],
    *,
    budget: int = 15,
    stages: int = STAGES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Sanity:
    """Shuffle the classifier's weights step by step and see what the maps make of it.

    The maps are for the class that the clean network predicts throughout. ``budget`` best points of
    each image count as its keypoints. Networks with more weight layers than ``stages`` lose several
    at a time. ``progress`` is told of detections done and all. The detector is not touched.
    """
    wide = keeping_all(detector)
    layers = weighted_layers(detector.classifier)
    cuts = np.unique(np.linspace(1, len(layers), min(stages, len(layers))).round().astype(int))
    steps = _Steps(len(images) * (2 + len(cuts)), progress)
    clean = [steps.did(wide.detect(image)) for image in images]
    edges = [edge_strength(image) for image in images]
    overlaps = _overlaps("learnt", clean, edges)
    found = []
    for cut in cuts:
        other = _with(wide, randomized(detector.classifier, layers[-cut:], seed))
        shuffled = [
            steps.did(other.detect(one.image, label_index=one.label_index)) for one in clean
        ]
        found.append(_stage(int(cut), layers[-cut], clean, shuffled, budget, wide.settings.radius))
    curves = _curves(wide, clean, seed, steps)
    return Sanity(
        images=len(images),
        layers=len(layers),
        budget=budget,
        stages=tuple(found),
        edges=(*overlaps, *_overlaps("all shuffled", shuffled, edges)),
        curves=curves,
    )


class _Steps:
    """Counts what is done of all there is to do."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._total, self._done, self._progress = total, 0, progress

    def did(self, found: Detection) -> Detection:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)
        return found


def _with(detector: Detector, classifier: Classifier) -> Detector:
    device = str(classifier.device)
    return Detector(classifier, device=device, **changes_to(detector.settings))


def _map(found: Detection, kind: HeatmapKind) -> Floats:
    heatmap: Heatmap = getattr(found, kind)
    return heatmap.values.astype(np.float64)


def _kinds(found: Detection) -> tuple[HeatmapKind, ...]:
    """List the maps that were computed."""
    return ("fine", "confidence") if found.coarse is None else ("coarse", "fine", "confidence")


def _stage(
    cut: int,
    reached: str,
    clean: Sequence[Detection],
    shuffled: Sequence[Detection],
    budget: int,
    radius: float,
) -> Stage:
    pairs = list(zip(clean, shuffled, strict=True))
    kinds = _kinds(clean[0])
    maps = {kind: [(_map(a, kind), _map(b, kind)) for a, b in pairs] for kind in kinds}
    near = [_survival(a, b, budget, radius) for a, b in pairs]
    return Stage(
        layers=cut,
        reached=reached,
        changes=tuple(
            Change(
                kind,
                _mean([rank_correlation(*both) for both in maps[kind]]),
                _mean([structural_similarity(*both) for both in maps[kind]]),
            )
            for kind in kinds
        ),
        survived=_mean([here for here, _ in near]),
        by_chance=_mean([there for _, there in near]),
    )


def _survival(
    clean: Detection, shuffled: Detection, budget: int, radius: float
) -> tuple[float, float]:
    to_model = clean.image.to_file.inverse()
    mine, others = (to_model.apply(one.keypoints.xy[:budget]) for one in (clean, shuffled))
    by_chance = survival_by_chance(others, clean.image.height, clean.image.width, radius)
    return survival(mine, others, radius), by_chance


def _overlaps(
    network: str, found: Sequence[Detection], edges: Sequence[Floats]
) -> list[EdgeOverlap]:
    pairs = list(zip(found, edges, strict=True))
    return [
        EdgeOverlap(
            kind,
            network,
            _mean([rank_correlation(_map(one, kind), edge) for one, edge in pairs]),
            _mean([top_overlap(_map(one, kind), edge) for one, edge in pairs]),
        )
        for kind in _kinds(found[0])
    ]


def _curves(
    detector: Detector, clean: Sequence[Detection], seed: int, steps: _Steps
) -> tuple[Curve, ...]:
    probabilities: dict[tuple[Game, str], list[Floats]] = {}
    for number, found in enumerate(clean):
        size = (found.image.height, found.image.width)
        kinds = reversed(_kinds(found))
        orders: dict[str, Order] = {kind: by_value(_map(found, kind)) for kind in kinds}
        orders |= {"random squares": by_chance(*size, detector.settings.patch, seed + number)}
        orders |= {"random pixels": by_chance(*size, 1, seed + number)}
        for game in GAMES:
            for name, order in orders.items():
                curve = play(game, detector.classifier, found.image, order, found.label_index)
                probabilities.setdefault((game, name), []).append(curve)
        steps.did(found)
    return tuple(mean_curve(game, name, all_) for (game, name), all_ in probabilities.items())


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")

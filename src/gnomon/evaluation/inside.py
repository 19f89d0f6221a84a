"""The share of detections that lie on an annotated part."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gnomon.datasets.polygon import PartPolygon, inside_any
from gnomon.evaluation.bootstrap import Bootstrap, Interval, interval, ratio
from gnomon.evaluation.matching import require_file_pixels
from gnomon.evaluation.metrics import BUDGETS
from gnomon.types import Keypoints


@dataclass(frozen=True, slots=True)
class InsideScore:
    """The share of the best ``budget`` points of each image that lie inside a part's outline."""

    budget: int
    images: int
    points: int
    share: Interval


def score_inside(
    keypoints: Sequence[Keypoints],
    polygons: Sequence[tuple[PartPolygon, ...]],
    budgets: Sequence[int] = BUDGETS,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[InsideScore, ...]:
    """Score detections, image by image in file pixels, against the outlines of the parts.

    Images without outlines can tell nothing and are left out.
    """
    pairs = zip(keypoints, polygons, strict=True)
    told = [(points, outlines) for points, outlines in pairs if outlines]
    for points, _ in told:
        require_file_pixels(points)
    inside = [inside_any(outlines, points.xy) for points, outlines in told]
    draws = Bootstrap.of(len(told), resamples, seed)
    shape = (len(budgets),)
    count = draws.sums([np.minimum(budgets, len(hit)) for hit in inside], shape)
    hits = draws.sums([[hit[:budget].sum() for budget in budgets] for hit in inside], shape)
    return tuple(
        InsideScore(budget, len(told), int(count[0, b]), interval(ratio(hits[:, b], count[:, b])))
        for b, budget in enumerate(budgets)
    )

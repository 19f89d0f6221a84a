"""Map peaks with one choice changed at a time: what default_preset.py's grid leaves out.

Target of the gradients, random draws, fill, how the image is brought to size, how the maps are made
comparable, and which map proposes the points and which one orders them. The same scores as there,
on an even choice of photographs from the training split of ``cub10`` and from ``car_parts``.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from default_preset import NETWORKS, SIZE, f1, inside, photographs
from gnomon import Detection, Detector, fuse
from gnomon.backprop import fine_map
from gnomon.datasets import Sample
from gnomon.images import Resize
from gnomon.peaks import candidates
from gnomon.presets import SettingChanges, Settings, Target
from gnomon.types import Floats, Heatmap, Keypoints
from measure import DATA, MAP_PEAKS, record

CHOSEN = Settings(**MAP_PEAKS)
Fusion = Callable[[Heatmap, Heatmap], Keypoints]


@dataclass(frozen=True, slots=True)
class Row:
    """One change, and what it scores."""

    change: str
    birds_f1: float
    cars_inside: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=16, help="how many of each data set")
    parser.add_argument("--data", type=Path, default=DATA, help="holds cub10 and car_parts")
    options = parser.parse_args()
    torch.set_num_threads(2)
    chosen = photographs(options.data, options.images)
    birds, cars = chosen["cub10 train"], chosen["car_parts"]
    samples = [*birds, *cars]
    rows: list[Row] = []

    def add(change: str, keypoints: list[Keypoints]) -> None:
        of_birds, of_cars = keypoints[: len(birds)], keypoints[len(birds) :]
        row = Row(change, f1(birds, of_birds), inside(cars, of_cars))
        print(f"{change:45} {row.birds_f1:.3f} {row.cars_inside:.3f}", flush=True)
        rows.append(row)

    detector = Detector(NETWORKS[0], size=SIZE, resize="squash", **MAP_PEAKS)
    found = [detector(sample.image) for sample in samples]
    add("none", [points(one, one.fine, as_chosen) for one in found])
    for name, fusion in FUSIONS.items():
        add(name, [points(one, one.fine, fusion) for one in found])
    for target in get_args(Target):
        if target != CHOSEN.target:
            fine = [with_target(detector, one, target) for one in found]
            pairs = zip(found, fine, strict=True)
            add(f"target {target}", [points(one, new, as_chosen) for one, new in pairs])
    changes: dict[str, SettingChanges] = {
        "draws 4": {"draws": 4},
        "fill mean": {"fill": "mean"},
        "fill blur": {"fill": "blur"},
    }
    for name, change in changes.items():
        add(name, detected(made("squash", change), samples))
    resizes: tuple[Resize, ...] = ("pad", "crop")
    for resize in resizes:
        add(f"resize {resize}", detected(made(resize, {}), samples))
    means = {row.change: (row.birds_f1 + row.cars_inside) / 2 for row in rows}
    record(
        "default_ablation",
        {
            "claim": f"best mean of birds' F1 and cars' share: {max(means, key=means.__getitem__)}",
            "settings": f"{NETWORKS[0]}, MAP_PEAKS, {SIZE} px squashed, one change each",
            "images": {name: len(some) for name, some in chosen.items()},
            "results": [asdict(row) for row in rows],
        },
        ("timm", "torchvision"),
    )
    return 0


def made(resize: Resize, change: SettingChanges) -> Detector:
    """Make the detector of map peaks with one change."""
    return Detector(NETWORKS[0], size=SIZE, resize=resize, **MAP_PEAKS | change)


def detected(detector: Detector, samples: list[Sample]) -> list[Keypoints]:
    """Detect anew and take the points as MAP_PEAKS says."""
    found = [detector(sample.image) for sample in samples]
    return [points(one, one.fine, as_chosen) for one in found]


def points(found: Detection, fine: Heatmap, fusion: Fusion) -> Keypoints:
    """Give all points in file pixels, the best first."""
    assert found.coarse is not None, "MAP_PEAKS has whole coarse maps"
    return fusion(found.coarse, fine).to_file(found.image.to_file)


def with_target(detector: Detector, found: Detection, target: Target) -> Heatmap:
    """Compute the fine map of another target."""
    return fine_map(
        detector.classifier,
        found.image,
        method=CHOSEN.fine,
        target=target,
        label_index=found.label_index,
    )


def as_chosen(coarse: Heatmap, fine: Heatmap) -> Keypoints:
    """Propose and order by the confidence map."""
    return candidates(confidence(coarse, fine), radius=CHOSEN.radius)


def confidence(coarse: Heatmap, fine: Heatmap) -> Heatmap:
    """Fuse as MAP_PEAKS says."""
    return fuse(
        coarse,
        fine,
        coarse_weight=CHOSEN.coarse_weight,
        coarse_smoothing=CHOSEN.coarse_smoothing,
        fine_smoothing=CHOSEN.fine_smoothing,
    )


def smooth(coarse: Heatmap, fine: Heatmap) -> tuple[Floats, Floats]:
    """Smooth both maps as MAP_PEAKS says."""
    one, other = (map_.values.astype(np.float64) for map_ in (coarse, fine))
    return (
        gaussian_filter(one, CHOSEN.coarse_smoothing),
        gaussian_filter(other, CHOSEN.fine_smoothing),
    )


def joined(coarse: Heatmap, fine: Heatmap, scaled: Callable[[Floats], Floats]) -> Keypoints:
    """Add the maps, made comparable another way."""
    one, other = (scaled(values) for values in smooth(coarse, fine))
    values = (CHOSEN.coarse_weight * one + other).astype(np.float32)
    return candidates(Heatmap(values, "confidence"), radius=CHOSEN.radius)


def by_rank(values: Floats) -> Floats:
    """Give the share of pixels below each."""
    ranks: Floats = rankdata(values).reshape(values.shape) / values.size
    return ranks


def by_largest(values: Floats) -> Floats:
    """Bring the largest value to 1."""
    scaled: Floats = values / max(values.max(), 1e-12)
    return scaled


def standard(values: Floats) -> Floats:
    """Bring to mean 0 and standard deviation 1, and do not squash."""
    scaled: Floats = (values - values.mean()) / max(values.std(), 1e-12)
    return scaled


def ordered(coarse: Heatmap, fine: Heatmap, proposes: str, orders: str) -> Keypoints:
    """Take the peaks of one map in the order of another's values."""
    first, second = smooth(coarse, fine)
    fused = confidence(coarse, fine).values.astype(np.float64)
    maps = {"coarse": first, "fine": second, "sum": fused}
    peaks = candidates(Heatmap(maps[proposes].astype(np.float32), "confidence"), CHOSEN.radius)
    x, y = np.rint(peaks.xy).astype(int).T
    score = maps[orders][y, x]
    order = np.argsort(-score, kind="stable")
    return Keypoints.at(peaks.xy[order], score[order])


FUSIONS: dict[str, Fusion] = {
    "maps as ranks": partial(joined, scaled=by_rank),
    "maps over their largest value": partial(joined, scaled=by_largest),
    "maps standardized, not squashed": partial(joined, scaled=standard),
    **{
        f"{proposes} proposes, {orders} orders": partial(ordered, proposes=proposes, orders=orders)
        for proposes, orders in (
            ("coarse", "fine"),
            ("fine", "coarse"),
            ("fine", "sum"),
            ("sum", "fine"),
            ("sum", "coarse"),
        )
    },
}


if __name__ == "__main__":
    sys.exit(main())

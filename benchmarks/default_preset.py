"""The best peaks of a confidence map: which network, fine map, smoothing and coarse weight.

The coarse and fine maps of an even choice of photographs (the training split of ``cub10``, never
its test split, and ``car_parts``) are computed once for each embedded network; then each choice of
fine map, smoothing, weight and radius is fused, and its best 15 points are scored: F1 at a
tolerance of 0.1 of the box's longer side, and on the cars the share of points inside an annotated
part.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch

from gnomon import Detection, Detector, fuse
from gnomon.backprop import fine_map
from gnomon.datasets import Sample, open_dataset
from gnomon.evaluation import match, score, score_inside
from gnomon.evaluation.evaluate import evenly
from gnomon.peaks import candidates
from gnomon.types import Heatmap, Keypoints
from measure import DATA, MAP_PEAKS, car_parts, cub10, record

Row = dict[str, float | str]

NETWORKS = ("embedded/efficientnet-lite0", "embedded/squeezenet1_1")
BUDGET, ALPHA, SIZE = 15, 0.1, 224


@dataclass(frozen=True, slots=True)
class Choice:
    """One fine map, one way to fuse it, and to thin out the peaks; lengths in model pixels."""

    fine: str
    coarse_smoothing: float
    fine_smoothing: float
    coarse_weight: float
    radius: float

    def keypoints(self, found: Detection, fine: Heatmap) -> Keypoints:
        """Fuse anew, without the network."""
        fused = fuse(
            found.coarse,
            fine,
            coarse_weight=self.coarse_weight,
            coarse_smoothing=self.coarse_smoothing,
            fine_smoothing=self.fine_smoothing,
        )
        return candidates(fused, radius=self.radius).to_file(found.image.to_file)


COARSE_WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0)
SMOOTHING = {"guided": (1.0, 2.0, 3.0, 4.0), "guided-layers": (0.5, 0.7, 1.0, 2.0)}


def choices() -> Iterator[Choice]:
    """Give the paper's own choice first, then the grid."""
    yield Choice("guided", 0.0, 0.0, 1.0, 8.0)
    for fine, smoothings in SMOOTHING.items():
        for values in product((8.0,), smoothings, COARSE_WEIGHTS, (8.0, 10.0, 12.0)):
            yield Choice(fine, *values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=24, help="how many of each data set")
    parser.add_argument("--data", type=Path, default=DATA, help="holds cub10 and car_parts")
    options = parser.parse_args()
    torch.set_num_threads(2)
    chosen = photographs(options.data, options.images)
    rows = [row for network in NETWORKS for row in measure(network, chosen)]
    rows.sort(key=lambda row: -float(row["mean"]))
    for row in rows[:12]:
        print(row)
    record(
        "default_preset",
        {
            "claim": f"best of {len(rows)} choices: {rows[0]}",
            "budget": BUDGET,
            "images": {name: len(samples) for name, samples in chosen.items()},
            "results": rows,
        },
        ("timm", "torchvision"),
    )
    return 0


def photographs(data: Path, count: int) -> dict[str, list[Sample]]:
    """Choose as many birds of the training split as cars."""
    birds = [one for one in open_dataset(cub10(data)) if one.split == "train"]
    cars = list(open_dataset(car_parts(data)))
    return {"cub10 train": with_points(birds, count), "car_parts": with_points(cars, count)}


def with_points(samples: list[Sample], count: int) -> list[Sample]:
    """Choose ``count`` samples that have annotated points, at even steps."""
    seen = [one for one in samples if one.landmarks is not None and one.landmarks.visible.any()]
    return evenly(seen, count)


def f1(samples: list[Sample], keypoints: list[Keypoints]) -> float:
    """Score the best points against the annotated ones."""
    pairs = zip(keypoints, samples, strict=True)
    matches = [match(found, one.landmarks) for found, one in pairs if one.landmarks is not None]
    (result,) = score(matches, (BUDGET,), (ALPHA,))
    return result.f1.value


def inside(samples: list[Sample], keypoints: list[Keypoints]) -> float:
    """Count the best points that lie inside an annotated part, as a share."""
    (result,) = score_inside(keypoints, [one.polygons for one in samples], (BUDGET,))
    return result.share.value


def measure(network: str, chosen: dict[str, list[Sample]]) -> list[Row]:
    """Score every choice with one network."""
    detector = Detector(network, size=SIZE, resize="squash", **MAP_PEAKS)
    found = {
        name: [with_fine_maps(detector, sample) for sample in samples]
        for name, samples in chosen.items()
    }
    rows = []
    for choice in choices():
        points = {
            name: [choice.keypoints(one, maps[choice.fine]) for one, maps in found[name]]
            for name in chosen
        }
        birds = f1(chosen["cub10 train"], points["cub10 train"])
        cars = inside(chosen["car_parts"], points["car_parts"])
        row: Row = {"network": network, "mean": float(np.mean([birds, cars]))}
        row |= {"cub10 f1": birds, "car_parts inside": cars}
        row |= {name: getattr(choice, name) for name in Choice.__dataclass_fields__}
        rows.append(row)
    print(network, "paper's fusion", rows[0], "best", max(rows, key=lambda row: row["mean"]))
    return rows


def with_fine_maps(detector: Detector, sample: Sample) -> tuple[Detection, Mapping[str, Heatmap]]:
    """Detect once, and compute every fine map of the class that was found."""
    found = detector(sample.image)
    maps = {
        method: fine_map(
            detector.classifier, found.image, method=method, label_index=found.label_index
        )
        for method in SMOOTHING
    }
    return found, maps


if __name__ == "__main__":
    sys.exit(main())

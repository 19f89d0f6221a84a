"""Which embedded network gives the better keypoints at the same settings: it is the default.

Both detect with the default preset on the same photographs squashed to 224 px, no training: an even
choice from the training split of ``cub10`` (never its test split, so that this may decide) and one
from ``car_parts``. The best 15 points of each image count, at a tolerance of 0.1 of the box's
longer side; on the cars also by how many lie inside an annotated part.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import numpy as np

from gnomon import Detector
from gnomon.datasets import Sample, open_dataset
from gnomon.evaluation import Score, match, score, score_inside
from gnomon.evaluation.evaluate import evenly
from gnomon.types import Keypoints
from measure import DATA, record

NETWORKS = ("embedded/efficientnet-lite0", "embedded/squeezenet1_1")
BUDGET, ALPHA, SIZE = 15, 0.1, 224


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=40, help="how many of each data set")
    parser.add_argument("--stride", type=int, default=8, help="step of the occlusion")
    parser.add_argument("--data", type=Path, default=DATA, help="holds cub10 and car_parts")
    options = parser.parse_args()

    birds = [one for one in open_dataset(f"cub:{options.data / 'cub10'}") if one.split == "train"]
    cars = list(open_dataset(f"car_parts:{options.data / 'car_parts'}"))
    chosen = {
        "cub10 train": with_points(birds, options.images),
        "car_parts": with_points(cars, options.images),
    }
    results = {name: measure(name, chosen, options.stride) for name in NETWORKS}
    means = {name: np.mean([row["f1"] for row in rows.values()]) for name, rows in results.items()}
    best = max(means, key=lambda name: means[name])
    record(
        "default_classifier",
        {
            "claim": f"{best} gives the better keypoints, by its mean F1 over the data sets",
            "settings": f"default preset, {SIZE} px squashed, stride {options.stride}",
            "budget": BUDGET,
            "alpha": ALPHA,
            "images": {name: len(samples) for name, samples in chosen.items()},
            "results": results,
        },
        ("timm", "torchvision"),
    )
    return 0


def with_points(samples: list[Sample], count: int) -> list[Sample]:
    """Choose ``count`` samples that have annotated points, at even steps."""
    seen = [one for one in samples if one.landmarks is not None and one.landmarks.visible.any()]
    return evenly(seen, count)


def measure(
    network: str, chosen: dict[str, list[Sample]], stride: int
) -> dict[str, dict[str, float]]:
    """Detect on every data set, print one row for each, and give the figures."""
    detector = Detector(
        network, size=SIZE, resize="squash", preset="default", keep=1.0, stride=stride
    )
    table = {}
    for name, samples in chosen.items():
        start = perf_counter()
        keypoints = [detector(sample.image).keypoints for sample in samples]
        seconds = (perf_counter() - start) / len(samples)
        table[name] = row = figures(samples, keypoints) | {"seconds_an_image": seconds}
        shown = "  ".join(f"{key} {value:.3f}" for key, value in row.items())
        print(f"{network:30} {name:12} {shown}", flush=True)
    return table


def figures(samples: list[Sample], keypoints: list[Keypoints]) -> dict[str, float]:
    """Score one network's keypoints on one data set."""
    pairs = zip(keypoints, samples, strict=True)
    matches = [match(found, one.landmarks) for found, one in pairs if one.landmarks is not None]
    (result,) = score(matches, (BUDGET,), (ALPHA,))
    (inside,) = score_inside(keypoints, [one.polygons for one in samples], (BUDGET,))
    row = {"points_an_image": result.points / result.images} | flat(result)
    return row if np.isnan(inside.share.value) else row | {"inside_a_part": inside.share.value}


def flat(result: Score) -> dict[str, float]:
    """Name a score's figures one by one, with their bounds."""
    shown: dict[str, float] = {}
    for name in ("precision", "recall", "f1", "error"):
        bounds = asdict(getattr(result, name))
        shown |= {name: bounds["value"], f"{name}_low": bounds["low"]}
        shown |= {f"{name}_high": bounds["high"]}
    return shown


if __name__ == "__main__":
    sys.exit(main())

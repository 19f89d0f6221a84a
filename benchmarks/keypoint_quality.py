"""How good the keypoints are, beside everything a user could do instead: the headline.

On the test split of ``cub10``, by a classifier that has learnt from the class labels of its
training split alone, and on ``car_parts``, by the embedded classifier without training. Every
method gives its best 15 points an image; a hit lies within 0.1 of the box's longer side of a
visible annotated part. No setting was chosen on the test split.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from gnomon import Detector
from gnomon.datasets import Sample, open_dataset
from gnomon.evaluation import MethodScore, evaluate
from gnomon.evaluation.evaluate import HEADLINE_ALPHA, HEADLINE_BUDGET, evenly, is_annotated
from gnomon.training import TrainingSettings, train
from gnomon.training.network import Start
from measure import DATA, car_parts, cub10, record

ARCH = "embedded/efficientnet-lite0"
SIZE = 224
SHARES = ("precision", "recall", "f1", "inside a part")
Row = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200, help="at most, of each data set")
    parser.add_argument("--model", type=Path, help="a training's folder, instead of training now")
    parser.add_argument("--device", default="auto", help="where to train and detect")
    parser.add_argument("--data", type=Path, default=DATA, help="holds cub10 and car_parts")
    options = parser.parse_args()
    torch.set_num_threads(2)
    birds = cub10(options.data)
    cars = car_parts(options.data)
    with TemporaryDirectory() as folder:
        model = options.model or Path(folder) / "model"
        if options.model is None:
            train(
                birds,
                Start(ARCH),
                model,
                TrainingSettings(),
                device=options.device,
                progress=lambda stage, done, total: None,
            )
        trained = Detector(str(model), resize="squash", device=options.device)
    embedded = Detector(size=SIZE, resize="squash", device=options.device)
    chosen = {
        "cub10 test": annotated([one for one in open_dataset(birds) if one.split == "test"]),
        "car_parts": annotated(list(open_dataset(cars))),
    }
    results = {
        name: measure(name, detector, evenly(chosen[name], options.images))
        for name, detector in (("cub10 test", trained), ("car_parts", embedded))
    }
    ours = {name: rows[0] for name, rows in results.items()}
    record(
        "keypoint_quality",
        {
            "claim": f"F1 {ours['cub10 test']['f1']['value']:.3f} on cub10's test images; "
            f"{ours['car_parts']['inside a part']['value']:.3f} of the points inside a car's part",
            "classifiers": {
                "cub10 test": f"{ARCH}, trained on class labels",
                "car_parts": "default",
            },
            "settings": asdict(trained.settings),
            "budget": HEADLINE_BUDGET,
            "alpha": HEADLINE_ALPHA,
            "images": {name: min(len(each), options.images) for name, each in chosen.items()},
            "results": results,
        },
        ("timm", "torchvision"),
    )
    return 0


def annotated(samples: list[Sample]) -> list[Sample]:
    """Leave out photographs that could tell nothing."""
    return [one for one in samples if is_annotated(one)]


def measure(name: str, detector: Detector, samples: list[Sample]) -> list[Row]:
    """Evaluate one detector, print a row for each method and give them, gnomon's own first."""
    found = evaluate(detector, samples)
    rows = [headline(one) for one in found.methods]
    for row in rows:
        shares = [f"{key} {row[key]['value']:.3f}" for key in SHARES if key in row]
        print(f"{name:10} {row['method']:16}", *shares, sep="  ", flush=True)
    return rows


def headline(method: MethodScore) -> Row:
    """Pick one method's figures at the headline's budget and tolerance."""
    cell = method.at(HEADLINE_BUDGET, HEADLINE_ALPHA)
    row: Row = {"method": method.method, "points": cell.points / cell.images}
    row |= {name: asdict(getattr(cell, name)) for name in ("precision", "recall", "f1", "error")}
    for inside in method.inside:
        if inside.budget == HEADLINE_BUDGET:
            row["inside a part"] = asdict(inside.share)
    return row


if __name__ == "__main__":
    sys.exit(main())

"""Does a network that learnt viewpoints alone find a car's parts as well as one that knows classes.

One EfficientNet-Lite0 has ImageNet's 1000 classes; the other starts from it and learns nothing but
"front" or "rear", as ``gnomon train car_parts:FOLDER --labels viewpoint`` does. Both detect with
the default preset on photographs of ``car_parts`` that the second has not learnt from, and meet the
same annotated parts: precision, recall and F1 of the best 15 points at a tolerance of 0.1 of the
box's longer side, and the share of them inside a part's outline; Grad-CAM by either stands beside.
"""

import argparse
import csv
import sys
import tempfile
from pathlib import Path

import torch

from default_preset import SIZE, with_points
from gnomon import Detector, load_classifier
from gnomon.datasets import open_dataset
from gnomon.evaluation.evaluate import HEADLINE_ALPHA, HEADLINE_BUDGET
from gnomon.training import TrainingSettings, train
from gnomon.training.network import Start
from keypoint_quality import measure
from measure import DATA, car_parts, record

NETWORK = "embedded/efficientnet-lite0"
SHOWN = ("gnomon", "coarse only", "fine only", "Grad-CAM peaks")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="how many to detect in")
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    parser.add_argument("--data", type=Path, default=DATA, help="holds car_parts")
    parser.add_argument("--out", type=Path, help="the training's folder, kept and gone on with")
    parser.add_argument("--device", default="auto", help="where to train and detect")
    options = parser.parse_args()
    torch.set_num_threads(2)
    cars = car_parts(options.data)
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or Path(folder) / "viewpoint"
        trained = train(
            cars,
            Start(NETWORK, size=(SIZE, SIZE), resize="squash"),
            out,
            TrainingSettings(labels="viewpoint", test_share=0.25, epochs=options.epochs),
            device=options.device,
            resume=options.out is not None,
            progress=lambda stage, done, total: None,
        )
        unseen = set(held_out(out / "images.csv"))
        chosen = [one for one in open_dataset(cars) if str(one.image) in unseen]
        samples = with_points(chosen, options.images)
        viewpoints = load_classifier(trained.model)
    networks = {
        "classes": Detector(NETWORK, size=SIZE, resize="squash", device=options.device),
        "viewpoints": Detector(viewpoints, device=options.device),
    }
    rows = {
        name: [row for row in measure(name, detector, samples) if row["method"] in SHOWN]
        for name, detector in networks.items()
    }
    inside = {name: shown[0]["inside a part"]["value"] for name, shown in rows.items()}
    said = ", ".join(f"{name} {share:.3f}" for name, share in inside.items())
    record(
        "viewpoint",
        {
            "claim": f"gnomon's points inside a part, by what its network has learnt: {said}",
            "settings": f"{NETWORK}, default preset, {SIZE} px squashed",
            "budget": HEADLINE_BUDGET,
            "alpha": HEADLINE_ALPHA,
            "images": len(samples),
            "epochs": trained.info.epochs,
            "viewpoint_test_accuracy": trained.info.test_accuracy,
            "results": rows,
        },
        ("timm", "torchvision"),
    )
    return 0


def held_out(table: Path) -> list[str]:
    """List the images that the training put into its test part."""
    with table.open(encoding="utf-8", newline="") as file:
        return [row["path"] for row in csv.DictReader(file) if row["part"] == "test"]


if __name__ == "__main__":
    sys.exit(main())

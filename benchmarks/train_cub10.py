"""An embedded network, trained on the class labels of ``cub10`` alone: how many test images right.

Default settings and seed; everything is chosen by the validation share of the training split, and
the test split is looked at once, at the end.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import torch

from gnomon.training import TrainingSettings, train
from gnomon.training.network import Start
from measure import DATA, cub10, record


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="embedded/efficientnet-lite0")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA, help="holds cub10")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        done = train(
            cub10(options.data),
            Start(options.arch),
            Path(folder) / "model",
            TrainingSettings(seed=options.seed),
            device="cpu",
            progress=show,
        )
    info = done.info
    per_class = zip(info.class_names, done.confusion.per_class, strict=True)
    record(
        "train_cub10",
        {
            "claim": "84 % of the test images right or more, in under 15 minutes on two cores",
            "arch": info.arch,
            "settings": asdict(info.settings),
            "images": {"train": info.n_train, "validation": info.n_validation, "test": info.n_test},
            "epochs": info.epochs,
            "best_epoch": info.best_epoch,
            "validation_accuracy": info.validation_accuracy,
            "test_accuracy": info.test_accuracy,
            "test_images_right": int(np.trace(done.confusion.counts)),
            "per_class": dict(per_class),
            "seconds": info.seconds,
            "processor_seconds": round(process_time(), 1),
        },
        ("timm", "torchvision", "lightning"),
    )
    return 0


def show(stage: str, done: float, total: int) -> None:
    """Say when an epoch is over."""
    if stage == "epochs" and done == int(done):
        print(f"epoch {done:.0f} of {total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

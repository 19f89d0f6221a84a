"""How often a keypoint lies on the one part that decides, by the weight of the coarse map.

On drawn images whose class is the look of one badge at a known place, with small networks trained
here (one a seed): the share of unseen images that have a keypoint within 4 px of the badge's
middle, and the shares whose coarse maximum, and a keypoint, lies on it.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gnomon import Detector
from gnomon.classifier import Classifier, Preprocessing
from gnomon.datasets.synthetic import LOOKS, Drawing, draw
from gnomon.presets import SettingChanges
from measure import MAP_PEAKS, record

SIZE, TRAINING, UNSEEN = 64, 1200, 160
NEAR = 4.0
GUIDED: SettingChanges = {"fine": "guided", "fine_smoothing": 2.0, "radius": 8.0}


@dataclass(frozen=True, slots=True)
class Found:
    """Shares of images: class told right, coarse maximum on the badge, a keypoint on it.

    ``near``: a keypoint not only on the badge, but near its middle. ``keypoints``: an image's.
    """

    right: float
    coarse_on_badge: float
    on_badge: float
    near: float
    keypoints: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="how many networks to train")
    seeds = parser.parse_args().seeds
    torch.set_num_threads(2)
    weights: list[SettingChanges] = [{"coarse_weight": one} for one in (0, 0.05, 0.1, 0.25, 1)]
    changes: dict[str, SettingChanges] = {
        "default": {"coarse": "map"},
        **{f"map peaks, coarse weight {one['coarse_weight']}": MAP_PEAKS | one for one in weights},
        "map peaks, keep 0.4": MAP_PEAKS | {"keep": 0.4},
        **{
            f"guided, coarse weight {one['coarse_weight']}": MAP_PEAKS | GUIDED | one
            for one in weights
        },
    }
    classifiers = [trained(seed) for seed in range(seeds)]
    drawings = unseen()
    results = {
        name: [look(Detector(one, **change), drawings) for one in classifiers]
        for name, change in changes.items()
    }
    for window in (3, 5, 7):
        results[f"paper, window {window}"] = [
            look(Detector(one, preset="paper", refine_window=window), drawings)
            for one in classifiers
        ]
    results["paper, window 7, weighted sums"] = [
        look(Detector(one, preset="paper", refine_window=7, refine_sums="weighted"), drawings)
        for one in classifiers
    ]
    table = {name: asdict(mean(found)) for name, found in results.items()}
    best = max(table, key=lambda name: table[name]["near"])
    record(
        "known_truth",
        {"claim": f"most keypoints near what decides: {best}", "seeds": seeds, "results": table},
    )
    return 0


def trained(seed: int = 0) -> Classifier:
    """Train a small network on the drawn images' class labels."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        _block(3, 12, 2),
        _block(12, 24),
        _block(24, 32, 2),
        _block(32, 32),
        nn.Conv2d(32, len(LOOKS), 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    how = Preprocessing(size=(SIZE, SIZE), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    pixels = how.normalize(_to_tensor([draw(index, size=SIZE) for index in range(TRAINING)]))
    labels = torch.arange(TRAINING) % len(LOOKS)
    optimizer = torch.optim.AdamW(network.parameters())
    steps = [rows for _ in range(6) for rows in torch.randperm(TRAINING).view(-1, 40)]
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=len(steps))
    for rows in steps:
        loss: Tensor = cross_entropy(network(pixels[rows]), labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        rate.step()
    return Classifier(network, how, LOOKS, "badges")


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def _to_tensor(drawings: list[Drawing]) -> Tensor:
    pixels = torch.from_numpy(np.stack([drawing.pixels for drawing in drawings]))
    return pixels.permute(0, 3, 1, 2).float() / 255


def unseen() -> list[Drawing]:
    """Draw images that no network was trained on.

    The bare badge is left out: it is the class of no evidence, and nothing decides for it.
    """
    drawings = [draw(TRAINING + index, size=SIZE) for index in range(UNSEEN)]
    return [drawing for drawing in drawings if drawing.label != "plain"]


def look(detector: Detector, drawings: list[Drawing]) -> Found:
    """Detect in each drawing and compare to its badge."""
    looked: list[Found] = []
    for drawing in drawings:
        found = detector(drawing.pixels)
        assert found.coarse is not None, "the detector computes whole coarse maps"
        yx = np.argwhere(found.coarse.values == found.coarse.values.max()).mean(axis=0)
        distance = np.hypot(*(found.keypoints.xy - drawing.xy).T).min()
        looked.append(
            Found(
                right=found.label == drawing.label,
                coarse_on_badge=np.hypot(*(yx[::-1] - drawing.xy)) <= drawing.radius,
                on_badge=distance <= drawing.radius,
                near=distance <= NEAR,
                keypoints=len(found.keypoints),
            )
        )
    return mean(looked)


def mean(found: Sequence[Found]) -> Found:
    """Average field by field."""
    return Found(*np.mean([astuple(one) for one in found], axis=0).tolist())


if __name__ == "__main__":
    sys.exit(main())

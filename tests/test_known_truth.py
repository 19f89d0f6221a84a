"""End to end on drawn images: the keypoints lie on the one part that decides the class."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gnomon import Detector
from gnomon.classifier import Classifier, Preprocessing
from gnomon.datasets.synthetic import LOOKS, Drawing, draw

SIZE, TRAINING, UNSEEN = 64, 1200, 160


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def to_tensor(drawings: list[Drawing]) -> Tensor:
    pixels = torch.from_numpy(np.stack([drawing.pixels for drawing in drawings]))
    return pixels.permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    torch.manual_seed(0)
    network = nn.Sequential(
        block(3, 12, 2),
        block(12, 24),
        block(24, 32, 2),
        block(32, 32),
        nn.Conv2d(32, len(LOOKS), 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    how = Preprocessing(size=(SIZE, SIZE), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    pixels = how.normalise(to_tensor([draw(index, size=SIZE) for index in range(TRAINING)]))
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


@pytest.mark.slow
def test_the_coarse_maximum_and_a_keypoint_lie_on_the_part_that_decides(
    classifier: Classifier,
) -> None:
    """A place is known to decide here: the map that says so gets a quarter of the other's weight.

    The bare badge is left out: it is the class of no evidence, and nothing decides for it.
    """
    drawings = [draw(TRAINING + index, size=SIZE) for index in range(UNSEEN)]
    drawings = [drawing for drawing in drawings if drawing.label != "plain"]
    detector = Detector(classifier, coarse_weight=0.25)
    right, on_part, apart = [], [], []
    for drawing in drawings:
        found = detector(drawing.pixels)
        right.append(found.label == drawing.label)
        yx = np.argwhere(found.coarse.values == found.coarse.values.max()).mean(axis=0)
        on_part.append(np.hypot(*(yx[::-1] - drawing.xy)) <= drawing.radius)
        apart.append(np.hypot(*(found.keypoints.xy - drawing.xy).T).min())
    assert np.mean(right) >= 0.95
    assert np.mean(on_part) >= 0.95
    assert np.mean(np.array(apart) <= 4) >= 0.95

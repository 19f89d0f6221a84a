"""A classifier around any network, and an image of any pixels."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gnomon.classifier.classifier import Classifier
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.geometry import Affine
from gnomon.types import Image

Classify = Callable[..., Classifier]
MakeImage = Callable[..., Image]


@pytest.fixture
def classify() -> Classify:
    def make(network: nn.Module, size: tuple[int, int] = (16, 16)) -> Classifier:
        plain = Preprocessing(size=size, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
        return Classifier(network, plain)

    return make


@pytest.fixture
def make_image() -> MakeImage:
    def make(height: int = 16, width: int = 16, seed: int = 0, content: str = "0") -> Image:
        pixels = torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))
        return Image(pixels, "drawn", content, (width, height), Affine.identity())

    return make

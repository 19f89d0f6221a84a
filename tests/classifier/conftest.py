"""A network small enough to make on the spot."""

from collections.abc import Callable

import pytest
import torch
from torch import nn


@pytest.fixture
def tiny() -> Callable[..., nn.Sequential]:
    """Make a network of three channels in and K outputs, the same one for every K."""

    def make(n_classes: int = 3) -> nn.Sequential:
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4, n_classes),
        )

    return make

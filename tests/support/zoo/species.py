"""What the zoo's networks share: a stem, a head, and how one is made from a function."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Make = Callable[[int, int], nn.Module]
"""(height, width) -> a network for images of that size."""
CHANNELS, CLASSES = 4, 5


class Species(nn.Module):
    """A convolution, then whatever ``body`` does with the network itself and what came out."""

    def __init__(self, height: int, width: int, body: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.h = nn.Linear(CHANNELS, CLASSES)
        self.body = body
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Any:
        return self.body(self, torch.relu(self.c(x)))


def species(body: Callable[..., Any], **parts: Callable[[int, int], Any]) -> Make:
    """Make networks of one body; ``parts`` are made for each size."""

    def make(height: int, width: int) -> nn.Module:
        torch.manual_seed(0)
        made = {name: part(height, width) for name, part in parts.items()}
        return Species(height, width, body, **made)

    return make


def layer(kind: Callable[..., nn.Module], *args: Any, **named: Any) -> Callable[..., nn.Module]:
    """Make one layer, whatever the size."""
    return lambda height, width: kind(*args, **named)


def flat_linear(parts: int = 1) -> Callable[[int, int], nn.Module]:
    """Make the linear layer behind a flattened map that was pooled ``parts`` times."""
    return lambda height, width: nn.Linear(
        CHANNELS * (height // 2**parts) * (width // 2**parts), CLASSES
    )

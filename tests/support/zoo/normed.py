"""Networks with each way to normalize values and weights."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from zoo.species import CHANNELS, CLASSES, Make, layer, species

Net = Any


def plain(net: Net, y: Tensor) -> Any:
    return net.h(torch.relu(net.k(y)).mean((2, 3)))


def instance_norm_and_itself(net: Net, y: Tensor) -> Any:
    return net.h((F.instance_norm(y) + 2 * y).relu().mean((2, 3)))


def layer_norm_of_maps(net: Net, y: Tensor) -> Any:
    return net.h(F.layer_norm(y, y.shape[1:]).relu().mean((2, 3)))


def channels_last_norm(net: Net, y: Tensor) -> Any:
    y = net.k(y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return net.h(torch.relu(y).mean((2, 3)))


def l2_normed(net: Net, y: Tensor) -> Any:
    return net.h(F.normalize(y, dim=1).mean((2, 3))) * 5


def standardized_by_hand(net: Net, y: Tensor) -> Any:
    mean, std = y.mean((1, 2, 3), keepdim=True), y.std((1, 2, 3), keepdim=True)
    return net.h(((y - mean) / (std + 1e-5)).relu().mean((2, 3)))


class Standardized(nn.Conv2d):
    """Normalizes its weights as it runs."""

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(input, weight / weight.std(), self.bias, self.stride, self.padding)


class Bounded(nn.Conv2d):
    """Bounds its weights by giving the parameter new values, as EEGNet does."""

    def forward(self, input: Tensor) -> Tensor:
        self.weight.data = torch.renorm(self.weight.data, p=2, dim=0, maxnorm=0.5)
        return super().forward(input)


class Clamped(nn.Conv2d):
    """Bounds its weights where they lie, as a Wasserstein critic does."""

    def forward(self, input: Tensor) -> Tensor:
        self.weight.data.clamp_(-0.2, 0.2)
        return super().forward(input)


class StillTraining(nn.Module):
    """Keeps its batch norm in training, whatever is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, CHANNELS, 3)
        self.n = nn.BatchNorm2d(CHANNELS)
        self.h = nn.Linear(CHANNELS, CLASSES)

    def train(self, mode: bool = True) -> "StillTraining":
        super().train(mode)
        self.n.train()
        return self

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.h(torch.relu(self.n(self.c(x))).mean((2, 3)))
        return scores


class Counting(nn.Module):
    """Counts its calls in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, CHANNELS, 3)
        self.h = nn.Linear(CHANNELS, CLASSES)
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        scores: Tensor = self.h(torch.relu(self.c(x)).mean((2, 3)))
        return scores


def batch_normed_by_hand(net: Net, y: Tensor) -> Any:
    y = F.batch_norm(net.k(y), None, None, training=True)
    return net.h(torch.relu(y).mean((2, 3)))


def old_style(change: Callable[..., Any], *args: Any, **named: Any) -> Any:
    def make(height: int, width: int) -> nn.Module:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the old ways announce their end
            changed: nn.Module = change(nn.Conv2d(CHANNELS, CHANNELS, 3), *args, **named)
        return changed

    return make


def made(kind: type[nn.Module]) -> Make:
    def make(height: int, width: int) -> nn.Module:
        torch.manual_seed(0)
        return kind()

    return make


C = CHANNELS
NORMED: dict[str, Make] = {
    "group norm": species(plain, k=layer(nn.GroupNorm, 2, C)),
    "instance norm": species(plain, k=layer(nn.InstanceNorm2d, C, affine=True)),
    "instance norm and itself": species(instance_norm_and_itself),
    "layer norm": species(channels_last_norm, k=layer(nn.LayerNorm, C)),
    "layer norm of maps": species(layer_norm_of_maps),
    "local response norm": species(plain, k=layer(nn.LocalResponseNorm, 2)),
    "l2 norm": species(l2_normed),
    "standardized by hand": species(standardized_by_hand),
    "standardized weights": species(plain, k=layer(Standardized, C, C, 3)),
    "spectral norm": species(plain, k=old_style(spectral_norm)),
    "spectral norm, parametrised": species(plain, k=old_style(parametrizations.spectral_norm)),
    "weight norm": species(plain, k=old_style(weight_norm)),
    "weight norm, parametrised": species(plain, k=old_style(parametrizations.weight_norm)),
    "pruned": species(plain, k=old_style(prune.random_unstructured, "weight", 0.5)),
    "bounded weights": species(plain, k=layer(Bounded, C, C, 3)),
    "clamped weights": species(plain, k=layer(Clamped, C, C, 3)),
    "batch norm": species(plain, k=layer(nn.BatchNorm2d, C)),
    "batch norm of the batch": species(
        plain, k=layer(nn.BatchNorm2d, C, track_running_stats=False)
    ),
    "batch norm by hand": species(batch_normed_by_hand, k=layer(nn.Conv2d, C, C, 3)),
    "batch norm still training": made(StillTraining),
    "counting": made(Counting),
}

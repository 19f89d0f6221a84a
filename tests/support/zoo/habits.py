"""Networks that do more than compute: they remember, branch, write in place, look twice."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.species import CHANNELS, CLASSES, Make, layer, species

Net = Any
Pair = namedtuple("Pair", ["logits", "features"])


@dataclass
class Output:
    """What a network of the Hugging Face kind gives."""

    logits: Tensor
    hidden: Tensor


class FlippedToo(nn.Module):
    """Averages over the image and its mirror image."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, CHANNELS, 3)
        self.h = nn.Linear(CHANNELS, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([x, x.flip(3)])
        scores = self.h(torch.relu(self.c(both)).mean((2, 3)))
        averaged: Tensor = scores.view(2, x.shape[0], -1).mean(0)
        return averaged


class FourQuarters(nn.Module):
    """Looks at each quarter of the image as at an image, and averages."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, CHANNELS, 3)
        self.h = nn.Linear(CHANNELS, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        quarters = x.view(b, c, 2, h // 2, 2, w // 2).permute(0, 2, 4, 1, 3, 5)
        quarters = quarters.reshape(b * 4, c, h // 2, w // 2)
        scores = self.h(torch.relu(self.c(quarters)).mean((2, 3)))
        averaged: Tensor = scores.reshape(b, 4, -1).mean(1)
        return averaged


class TwoViews(nn.Module):
    """Takes an image and, if given, another one."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, CHANNELS, 3)
        self.b = nn.Conv2d(3, CHANNELS, 3)
        self.h = nn.Linear(2 * CHANNELS, CLASSES)

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        other = F.avg_pool2d(x, 2) if other is None else other
        parts = [torch.relu(self.a(x)).mean((2, 3)), torch.relu(self.b(other)).mean((2, 3))]
        scores: Tensor = self.h(torch.cat(parts, 1))
        return scores


def output_of(wrap: Callable[[Tensor, Tensor], Any]) -> Callable[[Net, Tensor], Any]:
    return lambda net, y: wrap(net.h(y.mean((2, 3))), y)


def remembers(net: Net, y: Tensor) -> Any:
    net.features = y
    net.history = [*getattr(net, "history", [])[-1:], y]
    return net.h(net.features.mean((2, 3)))


def branches(net: Net, y: Tensor) -> Any:
    if float(y.detach().mean()) > -1e9:
        y = net.k(y)
    return net.h(torch.relu(y).mean((2, 3)))


def writes_a_part(net: Net, y: Tensor) -> Any:
    y = y.clone()
    y[:, 0] = 0.0
    return net.h(y.mean((2, 3)))


def writes_in_place(net: Net, y: Tensor) -> Any:
    y = net.k(y)
    y += 1
    y.mul_(0.5)
    return net.h(F.relu(y, inplace=True).mean((2, 3)))


def half_inside(net: Net, y: Tensor) -> Any:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = net.k(y)
    return net.h(torch.relu(y.float()).mean((2, 3)))


def casts(net: Net, y: Tensor) -> Any:
    y = net.k(y.double()).to(y.dtype)
    return net.h(torch.relu(y).mean((2, 3)))


def twice(net: Net, y: Tensor) -> Any:
    y = torch.relu(net.k(y))
    return net.h(torch.relu(net.k(y)).mean((2, 3)))


def several_heads(net: Net, y: Tensor) -> Any:
    pooled = y.mean((2, 3))
    return torch.stack([head(pooled) for head in net.heads]).mean(0)


def plain_tensor(net: Net, y: Tensor) -> Any:
    return net.h((y * net.scale.to(y)).mean((2, 3)))


def sparse_mixing(net: Net, y: Tensor) -> Any:
    return net.h(torch.sparse.mm(net.mix, y.mean((2, 3)).t()).t())


def dropout_when_training(net: Net, y: Tensor) -> Any:
    return net.h(F.dropout(y, 0.5, training=net.training).mean((2, 3)))


def strides_by_hand(net: Net, y: Tensor) -> Any:
    b, c, h, w = y.shape
    halves = y.as_strided((b, c, h, w // 2), (c * h * w, h * w, w, 2))
    return net.h(halves.mean((2, 3)) * torch.arange(c))


def fails_where_channels_are_last(net: Net, y: Tensor) -> Any:
    assert y.is_contiguous(), "written for contiguous maps"
    return net.h(y.mean((2, 3)))


def _hooked(register: str, hook: Callable[..., Any]) -> Make:
    def make(height: int, width: int) -> nn.Module:
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, CHANNELS, 3),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(CHANNELS, CLASSES),
        )
        getattr(network[0], register)(hook)
        getattr(network[2], register)(hook)
        return network

    return make


def _lazy(height: int, width: int) -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.LazyConv2d(CHANNELS, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))
    network(torch.zeros(1, 3, height, width))
    return network


def _made(kind: type[nn.Module]) -> Make:
    def make(height: int, width: int) -> nn.Module:
        torch.manual_seed(0)
        return kind()

    return make


def _scale(height: int, width: int) -> Tensor:
    return torch.rand(CHANNELS, 1, 1)


def _mix(height: int, width: int) -> nn.Parameter:
    return nn.Parameter(torch.eye(CHANNELS).to_sparse(), requires_grad=False)


C = CHANNELS
HABITS: dict[str, Make] = {
    "a dictionary": species(output_of(lambda s, y: {"features": y, "logits": s})),
    "a tuple": species(output_of(lambda s, y: (s, y))),
    "a named tuple": species(output_of(Pair)),
    "a data class": species(output_of(Output)),
    "flipped too": _made(FlippedToo),
    "four quarters": _made(FourQuarters),
    "two views": _made(TwoViews),
    "remembers": species(remembers),
    "branches": species(branches, k=layer(nn.Conv2d, C, C, 3)),
    "writes a part": species(writes_a_part),
    "writes in place": species(writes_in_place, k=layer(nn.Conv2d, C, C, 3)),
    "half precision inside": species(half_inside, k=layer(nn.Conv2d, C, C, 3)),
    "double precision inside": species(casts, k=layer(nn.Conv2d, C, C, 3, dtype=torch.float64)),
    "shared twice": species(twice, k=layer(nn.Conv2d, C, C, 3)),
    "several heads": species(
        several_heads, heads=lambda h, w: nn.ModuleList([nn.Linear(C, CLASSES) for _ in "abc"])
    ),
    "a plain tensor": species(plain_tensor, scale=_scale),
    "sparse": species(sparse_mixing, mix=_mix),
    "dropout when training": species(dropout_when_training),
    "strides by hand": species(strides_by_hand),
    "contiguous alone": species(fails_where_channels_are_last),
    "backward hook": _hooked("register_full_backward_hook", lambda module, above, below: None),
    "backward pre-hook": _hooked("register_full_backward_pre_hook", lambda module, above: None),
    "forward hook": _hooked("register_forward_hook", lambda module, given, made: made * 2),
    "lazy, by now": _lazy,
}

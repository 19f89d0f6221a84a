"""Operations of which random networks are made: what each does to a map (1,C,H,W)."""

import operator
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import torch
from torch import Tensor, nn
from torch.nn import functional as F

Operation = Callable[..., Tensor]


class Function(nn.Module):
    """Makes a module of a function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *values: Tensor) -> Tensor:
        out: Tensor = self.function(*values)
        return out


class Head(nn.Module):
    """Ends a network with a layer, by a function of both."""

    def __init__(self, function: Any, layer: nn.Module) -> None:
        super().__init__()
        self.function, self.layer = function, layer

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.function(self.layer, x)
        return out


class ChannelsLastBlock(nn.Module):
    """A block as ConvNeXt has it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.linear = nn.Linear(channels, channels)
        self.scale = nn.Parameter(torch.rand(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = F.gelu(self.linear(self.norm(x.permute(0, 2, 3, 1))))
        return x + self.scale * y.permute(0, 3, 1, 2)


class LearntQuery(nn.Module):
    """Adds a view of its weights to every place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(3, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight[:1].expand(x.shape[0], -1)[:, :, None, None]


class SpatialGate(nn.Module):
    """Weighs places by what one convolution makes of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.k = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.k(x))


class Rows(nn.Module):
    """Adds what a recurrent layer makes of the rows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gru = nn.GRU(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        outputs, _ = self.gru(x.mean(3).permute(2, 0, 1))
        beside: Tensor = outputs.permute(1, 2, 0).unsqueeze(3)
        return x + beside


def shuffle(groups: int) -> Operation:
    def apply(x: Tensor) -> Tensor:
        (n, c, h, w) = x.size()
        return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)

    return apply


def swap_halves(x: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=1)
    return torch.cat([second, F.relu(first)], 1)


def split_sum(x: Tensor) -> Tensor:
    first, second = torch.split(x, [1, x.shape[1] - 1], dim=1)
    return first * second


def squeeze_excite(x: Tensor) -> Tensor:
    b, c, _, _ = x.shape
    return x * torch.sigmoid(F.adaptive_avg_pool2d(x, 1).view(b, c)).view(b, c, 1, 1).expand_as(x)


def tokens(x: Tensor) -> Tensor:
    b, c, h, w = x.shape
    flat = x.view(b, c, -1)
    mixed = torch.softmax(flat.transpose(1, 2) @ flat / c, -1)
    return x + (flat @ mixed).view(b, c, h, w)


def means_of_channels_as_images(x: Tensor) -> Tensor:
    b, c, h, w = x.size()
    each = F.avg_pool2d(x.reshape(b * c, 1, h, w), (h, w))
    return x * each.view(b, c, 1, 1)


def coordinates(x: Tensor) -> Tensor:
    b, _, h, w = x.shape
    beside = torch.linspace(-1, 1, w, dtype=x.dtype, device=x.device).expand(b, 1, h, w)
    return torch.cat([x, beside], 1)


def unfolded(x: Tensor) -> Tensor:
    return F.fold(F.unfold(x, 3, padding=1), x.shape[2:], 3, padding=1)


def maxout(x: Tensor) -> Tensor:
    b, c, h, w = x.shape
    largest: Tensor = x.reshape(b, c // 2, 2, h, w).max(2)[0]
    return largest


def norm(channels: int) -> nn.Module:
    layer = nn.BatchNorm2d(channels).eval()
    for values in (layer.running_mean, layer.running_var, layer.weight.data, layer.bias.data):
        assert values is not None
        values.copy_(0.5 + torch.rand(channels))
    return layer


UNARY: dict[str, Callable[[int], Operation]] = {
    "batch norm": norm,
    "channels last": ChannelsLastBlock,
    "learnt query": LearntQuery,
    "spatial gate": SpatialGate,
    "rows": Rows,
    "shuffle": lambda channels: shuffle(2),
    "swap halves": lambda channels: swap_halves,
    "split": lambda channels: split_sum,
    "squeeze and excite": lambda channels: squeeze_excite,
    "tokens": lambda channels: tokens,
    "channels as images": lambda channels: means_of_channels_as_images,
    "coordinates": lambda channels: coordinates,
    "unfold": lambda channels: unfolded,
    "maxout": lambda channels: maxout,
    "group norm": lambda channels: nn.GroupNorm(1, channels),
    "instance norm": lambda channels: nn.InstanceNorm2d(channels),
    "instance norm beside": lambda channels: lambda x: F.instance_norm(x) + 2 * x,
    "layer norm of maps": lambda channels: lambda x: F.layer_norm(x, x.shape[1:]),
    "local response": lambda channels: nn.LocalResponseNorm(3),
    "l2 norm": lambda channels: lambda x: F.normalize(x + 0.1, dim=1),
    "upsample": lambda channels: nn.Upsample(scale_factor=2),
    "interpolate": lambda channels: lambda x: F.interpolate(x, size=x.shape[-1], mode="bilinear"),
    "transposed": lambda channels: nn.ConvTranspose2d(channels, 5, 3, stride=2, padding=1),
    "roll": lambda channels: lambda x: x + x.roll((1, 2), (2, 3)),
    "flip": lambda channels: lambda x: x + x.flip(-1),
    "turn": lambda channels: lambda x: x.transpose(2, 3),
    "cumsum": lambda channels: lambda x: x.cumsum(3) / 8,
    "strided slice": lambda channels: lambda x: x[:, :, ::2, 1:],
    "masked": lambda channels: lambda x: x.masked_fill(x < 0, 0.1),
    "where": lambda channels: lambda x: torch.where(x > 0, x, 0.2 * x),
    "softmax": lambda channels: lambda x: x.softmax(1),
    "mean of channels": lambda channels: lambda x: x * x.mean(1, keepdim=True),
    "largest channel": lambda channels: lambda x: x - x.amax(1, keepdim=True),
    "stack": lambda channels: lambda x: torch.stack([x, -x], 1).amax(1),
    "einsum": lambda channels: lambda x: torch.einsum("nchw,nc->nchw", x, x.mean((2, 3))),
    "pixel shuffle": lambda channels: lambda x: F.pixel_unshuffle(x, 2),
    "reflected": lambda channels: nn.ReflectionPad2d(1),
    "repeated": lambda channels: nn.ReplicationPad2d((1, 0, 2, 1)),
    "lp pool": lambda channels: lambda x: F.lp_pool2d(x.abs() + 0.1, 2.0, 2),
    "adaptive maximum": lambda channels: nn.AdaptiveMaxPool2d(5),
    "fourier": lambda channels: lambda x: torch.fft.irfft2(torch.fft.rfft2(x), s=x.shape[2:]),
    "clamp": lambda channels: lambda x: x.clamp(-1, 1),
    "power": lambda channels: lambda x: x.abs().pow(1.5),
    "in place": lambda channels: lambda x: torch.tanh(x).mul_(0.5).add_(x),
}
ACTIVATIONS: tuple[Operation, ...] = (
    nn.ReLU(inplace=True),
    nn.ReLU6(),
    nn.Hardswish(),
    nn.SiLU(inplace=True),
    nn.GELU(),
    nn.PReLU(init=0.2),
    nn.LeakyReLU(0.1),
    torch.tanh,
    lambda x: F.relu(x) * 0.5 + 1,
)
MERGES: tuple[Operation, ...] = (operator.add, operator.mul, torch.sub, torch.maximum)
SHAPED = ("convolution", "pool", "pad", "adaptive", "branch", "concatenate")
HEADS = ("flatten", "pool", "mean", "largest", "view", "sizes read")
GRAMMAR = (*UNARY, *(f"activation {i}" for i in range(len(ACTIVATIONS))), *SHAPED, *HEADS, "merge")


@st.composite
def convolutions(draw: st.DrawFn, channels: int) -> nn.Module:
    groups = draw(st.sampled_from([g for g in (1, 2, 3, channels) if channels % g == 0]))
    out = groups * draw(st.integers(1, max(1, 12 // groups)))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    if draw(st.booleans()) and kernel[0] % 2 and kernel[1] % 2:
        return nn.Conv2d(channels, out, kernel, padding="same", dilation=draw(st.integers(1, 2)))
    return nn.Conv2d(
        channels,
        out,
        kernel,
        stride=draw(st.tuples(st.integers(1, 4), st.integers(1, 3))),
        padding=draw(st.tuples(st.integers(0, 5), st.integers(0, 2))),
        dilation=draw(st.tuples(st.integers(1, 3), st.integers(1, 2))),
        groups=groups,
        bias=draw(st.booleans()),
    )


@st.composite
def pools(draw: st.DrawFn) -> nn.Module:
    kernel = draw(st.integers(2, 4))
    stride = draw(st.integers(1, 4))
    padding = draw(st.integers(0, kernel // 2))
    ceil_mode = draw(st.booleans())
    if draw(st.booleans()):
        return nn.MaxPool2d(kernel, stride, padding, draw(st.integers(1, 2)), ceil_mode=ceil_mode)
    counted = draw(st.booleans())
    return nn.AvgPool2d(kernel, stride, padding, ceil_mode, count_include_pad=counted)


@st.composite
def heads(draw: st.DrawFn, value: Tensor) -> nn.Module:
    (_, channels, height, width) = value.shape

    def sizes_read(layer: nn.Module, x: Tensor) -> Tensor:
        scores: Tensor = layer(x.mean((2, 3))).view(x.shape[0], 2, 3).mean(1)
        return scores

    def view(layer: nn.Module, x: Tensor) -> Tensor:
        scores: Tensor = layer(x.view(x.size(0), -1))
        return scores

    flat, pooled = nn.Linear(channels * height * width, 5), nn.Linear(channels, 6)
    made: dict[str, nn.Module] = {
        "flatten": nn.Sequential(nn.Flatten(), nn.Dropout(0.5), flat),
        "pool": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), pooled),
        "mean": Function(lambda x: x.mean((2, 3))),
        "largest": Function(lambda x: x.flatten(2).amax(2)),
        "view": Head(view, flat),
        "sizes read": Head(sizes_read, pooled),
    }
    # As written, a view asks for values that lie in the order of their dimensions.
    fitting = [name for name in HEADS if name != "view" or value.is_contiguous()]
    return made[draw(st.sampled_from(fitting))]


def joined(*parts: Tensor) -> Tensor:
    return torch.cat(parts, 1)

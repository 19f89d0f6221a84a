"""Generated networks: the incremental engine against one forward pass for each window."""

import operator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch as patched

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from single_passes import one_by_one
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.incremental import engine as incremental_engine
from gnomon.occlusion.incremental.machine import Machine

MOST_CHANNELS = 24

# What decides where regions become whole maps: nearly nowhere, somewhere, early.
MACHINES = (Machine(1.0, 0.0, 0.0), Machine(1.0, 10.0, 1e4), Machine(1.0, 1000.0, 0.0))


@dataclass
class Program:
    """Operations in order: each takes earlier values by number and gives the next."""

    operations: list[tuple[Any, tuple[int, ...]]] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    def add(self, operation: Any, *inputs: int) -> int:
        """Append an operation, unless it cannot take these inputs or empties the map.

        Dilated largest values may see nothing but padding: they are infinite, and of no use.
        """
        try:
            value = operation(*(self.values[i] for i in inputs))
        except RuntimeError:
            return inputs[0]
        if value.shape[1] > MOST_CHANNELS or 0 in value.shape or value.shape[0] != 1:
            return inputs[0]
        if not value.isfinite().all():
            return inputs[0]
        self.operations.append((operation, inputs))
        self.values.append(value)
        return len(self.values) - 1


class Network(nn.Module):
    def __init__(self, program: Program, last: int, head: nn.Module) -> None:
        super().__init__()
        self.last = last
        self.operations = nn.ModuleList(
            o if isinstance(o, nn.Module) else Function(o) for o, _ in program.operations
        )
        self.inputs = [inputs for _, inputs in program.operations]
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        values = [x]
        for operation, inputs in zip(self.operations, self.inputs, strict=True):
            values.append(operation(*(values[i] for i in inputs)))
        out: Tensor = self.head(values[self.last])
        return out


class Function(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *values: Tensor) -> Tensor:
        out: Tensor = self.function(*values)
        return out


def shuffle(groups: int) -> Any:
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
    return x * torch.sigmoid(F.adaptive_avg_pool2d(x, 1))


class ChannelsLastBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.linear = nn.Linear(channels, channels)
        self.scale = nn.Parameter(torch.rand(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = F.gelu(self.linear(self.norm(x.permute(0, 2, 3, 1))))
        return x + self.scale * y.permute(0, 3, 1, 2)


def norm(channels: int) -> nn.Module:
    layer = nn.BatchNorm2d(channels).eval()
    for values in (layer.running_mean, layer.running_var, layer.weight.data, layer.bias.data):
        assert values is not None
        values.copy_(0.5 + torch.rand(channels))
    return layer


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


ACTIVATIONS = (
    nn.ReLU(inplace=True),
    nn.ReLU6(),
    nn.Hardswish(),
    nn.SiLU(inplace=True),
    nn.GELU(),
    nn.PReLU(init=0.2),
    nn.LeakyReLU(0.1),
    torch.tanh,
    lambda x: x.clamp(-1, 1),
    lambda x: F.relu(x) * 0.5 + 1,
)


@st.composite
def networks(draw: st.DrawFn, height: int, width: int) -> nn.Module:
    torch.manual_seed(draw(st.integers(0, 1000)))
    program = Program(values=[torch.rand(1, 3, height, width)])
    last = program.add(nn.Conv2d(3, draw(st.sampled_from([4, 6, 8])), 3, padding=1), 0)
    for _ in range(draw(st.integers(1, 7))):
        channels = program.values[last].shape[1]
        others = [
            i for i, value in enumerate(program.values) if value.shape == program.values[last].shape
        ]
        near = [
            i
            for i, value in enumerate(program.values)
            if value.shape[2:] == program.values[last].shape[2:]
        ]
        kind = draw(st.sampled_from(KINDS))
        if kind == "convolution":
            last = program.add(draw(convolutions(channels)), last)
            if draw(st.booleans()):
                last = program.add(norm(program.values[last].shape[1]), last)
        elif kind == "pool":
            last = program.add(draw(pools()), last)
        elif kind == "activation":
            last = program.add(draw(st.sampled_from(ACTIVATIONS)), last)
        elif kind == "norm":
            last = program.add(norm(channels), last)
        elif kind == "merge":
            function = draw(st.sampled_from([operator.add, operator.mul, torch.sub, torch.maximum]))
            last = program.add(function, last, draw(st.sampled_from(others)))
        elif kind == "branch":
            branch = program.add(draw(convolutions(channels)), draw(st.sampled_from(near[-1:])))
            if program.values[branch].shape[2:] == program.values[last].shape[2:]:
                last = program.add(lambda *parts: torch.cat(parts, 1), last, branch)
        elif kind == "concatenate":
            other = draw(st.sampled_from(near))
            last = program.add(lambda *parts: torch.cat(parts, 1), last, other)
        elif kind == "shuffle" and channels % 2 == 0:
            last = program.add(draw(st.sampled_from([shuffle(2), swap_halves, split_sum])), last)
        elif kind == "pad":
            a, b, c, d = (draw(st.integers(0, 3)) for _ in "abcd")
            value = draw(st.sampled_from([0.0, 1.5]))
            last = program.add(nn.ConstantPad2d((a, b, c, d), value), last)
        elif kind == "adaptive":
            size = draw(st.tuples(st.integers(2, 7), st.integers(2, 7)))
            last = program.add(nn.AdaptiveAvgPool2d(size), last)
        elif kind == "channels last":
            last = program.add(ChannelsLastBlock(channels), last)
        elif kind == "whole":
            layers = [squeeze_excite, nn.GroupNorm(1, channels), nn.Upsample(scale_factor=2)]
            last = program.add(draw(st.sampled_from(layers)), last)
    (_, channels, h, w) = program.values[last].shape
    heads = [
        nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(channels * h * w, 5)),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5)),
        Function(lambda x: x.mean((2, 3))),
        Function(lambda x: x.flatten(2).amax(2)),
    ]
    return Network(program, last, draw(st.sampled_from(heads))).eval()


KINDS = (
    "convolution",
    "convolution",
    "pool",
    "activation",
    "norm",
    "merge",
    "branch",
    "concatenate",
    "shuffle",
    "pad",
    "adaptive",
    "channels last",
    "whole",
)


def check(data: st.DataObject, dtype: torch.dtype, tolerance: float) -> None:
    height, width = data.draw(st.tuples(st.integers(9, 40), st.integers(9, 40)))
    net = data.draw(networks(height, width)).to(dtype)
    patch = data.draw(st.integers(1, min(height, width)))
    count = data.draw(st.integers(1, 12))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 1000)))
    corners = torch.tensor([[0, 0], [height - patch, width - patch]])
    inside = torch.rand(count, 2, generator=generator)
    inside = (inside * (corners[1] + 1)).long()
    windows = torch.cat([inside, corners])
    count = data.draw(st.integers(1, 2))
    images = torch.randn(count, 3, height, width, generator=generator).to(dtype)
    patches = torch.randn(count, len(windows), 3, patch, patch, generator=generator).to(dtype)
    expected = torch.stack(
        [one_by_one(net, image, windows, own) for image, own in zip(images, patches, strict=True)]
    )
    machine = data.draw(st.sampled_from(MACHINES))
    engine = IncrementalEngine(net)
    with patched.object(incremental_engine, "machine_of", lambda _: machine):
        outputs = engine.outputs_of_several(images, windows, patches)
    bound = tolerance * max(float(expected.abs().max()), 1e-3)
    assert float((outputs - expected).abs().max()) <= bound
    order = torch.randperm(len(windows), generator=generator)
    shuffled = engine.outputs_of_several(images, windows[order], patches[:, order])
    assert torch.equal(shuffled, outputs[:, order])


QUICK = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@QUICK
@given(st.data())
def test_generated_networks_agree_in_float64(data: st.DataObject) -> None:
    check(data, torch.float64, 1e-10)


@QUICK
@given(st.data())
def test_generated_networks_agree_in_float32(data: st.DataObject) -> None:
    check(data, torch.float32, 1e-4)


@pytest.mark.slow
@settings(QUICK, max_examples=500)
@given(st.data())
def test_many_generated_networks_agree_in_float64(data: st.DataObject) -> None:
    check(data, torch.float64, 1e-10)

"""Convolution and pooling: an output depends on a window that slides over the map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.regions import Place, Region, Span, lay, take
from gnomon.occlusion.incremental.rules.rule import Call, Carried, Finder, Match, Rule

Pair = tuple[int, int]


@dataclass(frozen=True)
class Sweep:
    """A window of ``kernel`` places, ``dilation`` apart, moved by ``stride`` along one axis.

    ``before`` places of padding come first; as many behind as ``outputs`` need.
    """

    kernel: int
    stride: int
    dilation: int
    before: int
    length: int
    outputs: int

    @property
    def reach(self) -> int:
        """From the first place that a window reads to the last."""
        return self.dilation * (self.kernel - 1)

    @property
    def padded(self) -> int:
        """Places that all windows together read, padding included."""
        return self.extent(self.outputs)

    def extent(self, outputs: int) -> int:
        """Places that so many neighbouring outputs read."""
        return (outputs - 1) * self.stride + self.reach + 1

    def spread(self, span: Span) -> Span:
        """Give the outputs whose windows touch the span."""
        first = -((self.reach - self.before - span.lo) // self.stride)
        last = (span.hi - 1 + self.before) // self.stride
        return Span.clipped(first, last + 1, self.outputs)


@dataclass(frozen=True, eq=False)
class Sliding(Rule):
    """Applies ``operation`` without padding to blocks (n,C,h,w) cut from the padded map.

    ``whole`` is the same with padding, for whole maps. ``divisors`` (H,W), where given, is what
    each output is divided by afterwards.
    """

    sweeps: tuple[Sweep, Sweep]
    padding_value: float
    operation: Any
    whole: Any
    divisors: Tensor | None = None

    @property
    def moves(self) -> bool:  # type: ignore[override]
        """Say whether an output reads more than its own place."""
        return not self.is_pointwise

    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Spread along one axis."""
        return self.sweeps[axis].spread(spans[0])

    def keep(self, inputs: Sequence[Tensor | None], output: Tensor) -> Tensor | None:
        """Pad the clean map."""
        clean = inputs[0]
        if clean is None:
            return None
        (down, across) = self.sweeps
        if (down.before, across.before) == (0, 0) and (
            down.padded <= down.length and across.padded <= across.length
        ):
            return clean
        height = max(down.padded, down.before + down.length)
        width = max(across.padded, across.before + across.length)
        padded = clean.new_full((height, width, *clean.shape[2:]), self.padding_value)
        inner = padded[down.before : down.before + down.length]
        inner[:, across.before : across.before + across.length] = clean
        return padded

    def carry(self, kept: Tensor | None, regions: Sequence[Region], place: Place) -> Tensor:
        """Cut, overwrite what changed, and apply."""
        region = regions[0]
        (down, across) = self.sweeps
        if self.is_pointwise and region.place.same(place):
            return self._apply(self.operation, region.values, place)
        if region.place.covers(down.length, across.length) and place.covers(
            down.outputs, across.outputs
        ):
            return self._apply(self.whole, region.values, place)
        assert kept is not None, "a sliding window needs the clean map"
        read = Place(
            place.y * down.stride,
            place.x * across.stride,
            down.extent(place.height),
            across.extent(place.width),
            place.device,
        )
        block = take(kept, read)
        lay(block, region, read.y - down.before, read.x - across.before)
        return self._apply(self.operation, block, place)

    @property
    def is_pointwise(self) -> bool:
        """Say whether each output reads one place, and each place gives one output."""
        return all(s.kernel == s.stride == 1 and s.before == 0 for s in self.sweeps)

    def _apply(self, operation: Any, block: Tensor, place: Place) -> Tensor:
        values: Tensor = operation(block.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).contiguous()
        if self.divisors is not None:
            values = values / take(self.divisors.to(values), place)[..., None]
        return values


def _pair(value: Any) -> Pair:
    if isinstance(value, int):
        return (value, value)
    first, *rest = value
    return (int(first), int(rest[0] if rest else first))


def _sweeps(
    call: Call, source: Carried, kernel: Pair, stride: Pair, dilation: Pair, before: Pair
) -> tuple[Sweep, Sweep]:
    (a, b) = (
        Sweep(
            kernel[axis],
            stride[axis],
            dilation[axis],
            before[axis],
            source.length(axis),
            call.shape[2 + axis],
        )
        for axis in (0, 1)
    )
    return (a, b)


def conv2d(
    call: Call,
    input: Any,  # noqa: A002
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Match | None:
    """Match ``torch.nn.functional.conv2d`` with a constant weight."""
    if not isinstance(input, Carried) or not input.is_nchw or not isinstance(weight, Tensor):
        return None
    if isinstance(bias, Carried):
        return None
    kernel = _pair(weight.shape[2:])
    (stride, dilation) = (_pair(stride), _pair(dilation))
    if padding == "same":
        before = _pair([dilation[axis] * (kernel[axis] - 1) // 2 for axis in (0, 1)])
    else:
        before = (0, 0) if padding == "valid" else _pair(padding)
    settings = {"stride": stride, "dilation": dilation, "groups": groups}
    rule = Sliding(
        _sweeps(call, input, kernel, stride, dilation, before),
        0.0,
        partial(_convolve, weight=weight, bias=bias, settings=settings),
        partial(_convolve, weight=weight, bias=bias, settings=settings | {"padding": padding}),
    )
    return Match(rule, (2, 3))


def _convolve(block: Tensor, weight: Tensor, bias: Tensor | None, settings: Any) -> Tensor:
    return F.conv2d(block, weight, bias, **settings)


def conv2d_module(call: Call, module: nn.Conv2d, input: Any) -> Match | None:  # noqa: A002
    """Match ``torch.nn.Conv2d`` that pads with zeros."""
    if module.padding_mode != "zeros" and module.padding not in ("valid", 0, (0, 0)):
        return None
    return conv2d(
        call,
        input,
        module.weight,
        module.bias,
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
    )


def conv2d_same_module(call: Call, module: Conv2dSame, input: Any) -> Match | None:  # noqa: A002
    """Match timm's convolution that pads as TensorFlow does."""
    if not isinstance(input, Carried) or not input.is_nchw:
        return None
    match = conv2d(
        call, input, module.weight, module.bias, module.stride, 0, module.dilation, module.groups
    )
    if match is None:
        return None
    assert isinstance(match.rule, Sliding)
    (down, across) = (
        replace(sweep, before=max(sweep.padded - sweep.length, 0) // 2)
        for sweep in match.rule.sweeps
    )
    return Match(replace(match.rule, sweeps=(down, across), whole=module.forward), match.axes)


def max_pool2d(
    call: Call,
    input: Any,  # noqa: A002
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Match | None:
    """Match ``torch.nn.functional.max_pool2d``."""
    if not isinstance(input, Carried) or not input.is_nchw or return_indices:
        return None
    kernel = _pair(kernel_size)
    stride = _pair(stride or kernel)
    dilation = _pair(dilation)
    operation = partial(F.max_pool2d, kernel_size=kernel, stride=stride, dilation=dilation)
    rule = Sliding(
        _sweeps(call, input, kernel, stride, dilation, _pair(padding)),
        -math.inf,
        operation,
        partial(operation, padding=padding, ceil_mode=ceil_mode),
    )
    return Match(rule, (2, 3))


def max_pool2d_module(call: Call, module: nn.MaxPool2d, input: Any) -> Match | None:  # noqa: A002
    """Match ``torch.nn.MaxPool2d``."""
    return max_pool2d(
        call,
        input,
        module.kernel_size,
        module.stride,
        module.padding,
        module.dilation,
        module.ceil_mode,
        module.return_indices,
    )


def avg_pool2d(
    call: Call,
    input: Any,  # noqa: A002
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Match | None:
    """Match ``torch.nn.functional.avg_pool2d``: sums, divided by a number or a map of numbers."""
    if not isinstance(input, Carried) or not input.is_nchw:
        return None
    kernel = _pair(kernel_size)
    stride = _pair(stride or kernel)
    sweeps = _sweeps(call, input, kernel, stride, (1, 1), _pair(padding))
    divisors = None
    if divisor_override is None:
        counts = _divisors(sweeps, _pair(padding), count_include_pad)
        if (counts == counts[0, 0]).all():
            divisor_override = int(counts[0, 0])
        else:
            (divisor_override, divisors) = (1, counts)
    total = partial(
        F.avg_pool2d, kernel_size=kernel, stride=stride, divisor_override=divisor_override
    )
    whole = partial(total, padding=padding, ceil_mode=ceil_mode)
    return Match(Sliding(sweeps, 0.0, total, whole, divisors), (2, 3))


def avg_pool2d_module(call: Call, module: nn.AvgPool2d, input: Any) -> Match | None:  # noqa: A002
    """Match ``torch.nn.AvgPool2d``."""
    return avg_pool2d(
        call,
        input,
        module.kernel_size,
        module.stride,
        module.padding,
        module.ceil_mode,
        module.count_include_pad,
        module.divisor_override,
    )


def _divisors(sweeps: tuple[Sweep, Sweep], padding: Pair, padding_counts: bool) -> Tensor:
    """How many places each output averages: those of the map, and of its padding if they count."""
    counts = []
    for sweep, pad in zip(sweeps, padding, strict=True):
        margin = pad if padding_counts else 0
        start = torch.arange(sweep.outputs) * sweep.stride - pad
        end = (start + sweep.kernel).clamp(max=sweep.length + margin)
        counts.append(end - start.clamp(min=-margin))
    return counts[0][:, None] * counts[1][None, :]


FINDERS: dict[Any, Finder] = {
    nn.Conv2d: conv2d_module,
    Conv2dSame: conv2d_same_module,
    nn.MaxPool2d: max_pool2d_module,
    nn.AvgPool2d: avg_pool2d_module,
    F.conv2d: conv2d,
    torch.conv2d: conv2d,
    F.max_pool2d: max_pool2d,
    torch.max_pool2d: max_pool2d,
    F.avg_pool2d: avg_pool2d,
}

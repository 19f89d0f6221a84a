"""Convolutions that pad with zeros, or as TensorFlow does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.modules import CONV2D_SAME
from gnomon.occlusion.incremental.regions import Ints, Size
from gnomon.occlusion.incremental.rules.rule import Call, Carried, Finder, Match, Rule
from gnomon.occlusion.incremental.rules.sliding import Sliding, pair, sweeps_of
from gnomon.occlusion.winograd import WinogradConv2d, best_tile


@dataclass(frozen=True, eq=False, kw_only=True)
class Winograd(Sliding):
    """A convolution that goes Winograd's way, in the tiles that suit most windows.

    Its weights are more, but read as they lie.
    """

    convolution: WinogradConv2d
    tile: int = 1
    weight_moves = 4.0
    windows_inside = True

    def fitted(self, sizes: Mapping[Size, int]) -> Rule:
        """Choose the tile."""
        tile = best_tile(sizes)
        convolve = partial(self.convolution.convolve, tile=tile)
        return replace(
            self,
            tile=tile,
            operation=partial(convolve, padding=0),
            whole=partial(convolve, padding=self.convolution.around),
        )

    def worked(self, sizes: Ints) -> Ints:
        """Fill the last tile."""
        return -(-sizes // self.tile) * self.tile


def conv2d(
    call: Call,
    input: Any,
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
    kernel = pair(weight.shape[2:])
    (stride, dilation) = (pair(stride), pair(dilation))
    if padding == "same":
        before = pair([dilation[axis] * (kernel[axis] - 1) // 2 for axis in (0, 1)])
    else:
        before = (0, 0) if padding == "valid" else pair(padding)
    settings = {"stride": stride, "dilation": dilation, "groups": groups}
    rule = Sliding(
        sweeps_of(call, input, kernel, stride, dilation, before),
        0.0,
        partial(_convolve, weight=weight, bias=bias, settings=settings),
        partial(_convolve, weight=weight, bias=bias, settings=settings | {"padding": padding}),
    )
    return Match(rule, (2, 3))


def _convolve(block: Tensor, weight: Tensor, bias: Tensor | None, settings: Any) -> Tensor:
    block = block.contiguous(memory_format=torch.channels_last)
    return F.conv2d(block, weight, bias, **settings)


def conv2d_module(call: Call, module: nn.Conv2d, input: Any) -> Match | None:
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


def winograd_module(call: Call, module: WinogradConv2d, input: Any) -> Match | None:
    """Match a convolution that goes Winograd's way."""
    match = conv2d_module(call, module, input)
    if match is None:
        return None
    rule = match.rule
    assert isinstance(rule, Sliding)
    return Match(
        Winograd(rule.sweeps, rule.padding_value, rule.operation, rule.whole, convolution=module),
        match.axes,
    )


def conv2d_same_module(call: Call, module: nn.Conv2d, input: Any) -> Match | None:
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


FINDERS: dict[Any, Finder] = {
    nn.Conv2d: conv2d_module,
    WinogradConv2d: winograd_module,
    CONV2D_SAME: conv2d_same_module,
    F.conv2d: conv2d,
    torch.conv2d: conv2d,
}

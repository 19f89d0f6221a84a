"""Convolutions that pad with zeros, or as TensorFlow does."""

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.rules.rule import Call, Carried, Finder, Match
from gnomon.occlusion.incremental.rules.sliding import Sliding, pair, sweeps_of
from gnomon.occlusion.winograd import WinogradConv2d


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
    assert isinstance(match.rule, Sliding)
    operation = partial(module.convolve, padding=0)
    return Match(replace(match.rule, operation=operation, whole=module.forward), match.axes)


def conv2d_same_module(call: Call, module: Conv2dSame, input: Any) -> Match | None:
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
    Conv2dSame: conv2d_same_module,
    F.conv2d: conv2d,
    torch.conv2d: conv2d,
}

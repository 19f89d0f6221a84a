"""Operations that treat every position alone: activations, sums, concatenation, channel moves."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.modules import writing_over
from gnomon.occlusion.incremental.regions import Place, Region, Span, complete
from gnomon.occlusion.incremental.rules.rule import (
    Axes,
    Call,
    Carried,
    Finder,
    Match,
    Rule,
    to_batch,
    to_region,
)


@dataclass(frozen=True, eq=False)
class Local(Rule):
    """Applies ``function`` to batches of blocks as if they were whole maps.

    Where several inputs carry regions, each is completed to the place that holds them all.
    ``in_place``, where there is one, is ``function`` again, of inputs in any order, and writes over
    the first.
    """

    function: Callable[[list[Tensor]], Tensor]
    axes: tuple[Axes, ...]
    out_axes: Axes
    in_place: Callable[..., Tensor] | None = None
    moves = False

    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Return the union."""
        union, *others = spans
        for span in others:
            union = union.union(span)
        return union

    def carry(
        self, kept: Sequence[Tensor | None] | None, regions: Sequence[Region], place: Place
    ) -> Tensor:
        """Complete the inputs and apply."""
        values = _completed(kept, regions, place)
        blocks = [to_batch(block, axes) for block, axes in zip(values, self.axes, strict=True)]
        return to_region(self.function(blocks), self.out_axes)

    def overwrite(
        self,
        kept: Sequence[Tensor | None] | None,
        regions: Sequence[Region],
        place: Place,
        number: int,
    ) -> Tensor:
        """Compute the output's values where those of an input are, which is no longer needed."""
        assert self.in_place is not None, "only what works in place overwrites"
        values = _completed(kept, regions, place)
        return self.in_place(values.pop(number), *values)


def _completed(
    kept: Sequence[Tensor | None] | None, regions: Sequence[Region], place: Place
) -> list[Tensor]:
    maps = kept or [None] * len(regions)
    return [complete(clean, region, place) for clean, region in zip(maps, regions, strict=True)]


def carried_in(values: object) -> list[Carried]:
    """Find the carried tensors among arguments, in order, each as often as it is used."""
    if isinstance(values, Carried):
        return [values]
    if isinstance(values, list | tuple):
        return [found for value in values for found in carried_in(value)]
    if isinstance(values, dict):
        return [found for value in values.values() for found in carried_in(value)]
    return []


def fill(values: Any, blocks: list[Tensor]) -> Any:
    """Put blocks, in order, where arguments hold carried tensors; ``blocks`` is used up."""
    if isinstance(values, Carried):
        return blocks.pop(0)
    if isinstance(values, list | tuple):
        return type(values)(fill(value, blocks) for value in values)
    if isinstance(values, dict):
        return {key: fill(value, blocks) for key, value in values.items()}
    return values


def local(
    call: Call, function: Callable[..., Tensor], args: Any, kwargs: Any, out_axes: Axes
) -> Match:
    """Make the rule that calls ``function`` with the blocks in the carried tensors' stead."""

    def apply(blocks: list[Tensor]) -> Tensor:
        rest = list(blocks)
        filled = fill(tuple(args), rest)
        return function(*filled, **fill(kwargs, rest))

    axes = tuple(carried.axes for carried in carried_in([list(args), kwargs]))
    return Match(Local(apply, axes, out_axes), out_axes)


def _fits(call: Call, args: Any, kwargs: Any) -> Carried | None:
    """Return the carried tensor that sets the place, where all arguments broadcast to it.

    Carried tensors must agree in rank, axes and map size; constants must not vary over the map.
    """
    carried = carried_in([list(args), kwargs])
    first = carried[0]
    for other in carried:
        if len(other.shape) != len(first.shape) or other.axes != first.axes:
            return None
        if any(other.length(axis) != first.length(axis) for axis in (0, 1)):
            return None
    rank = len(first.shape)
    for value in (*args, *kwargs.values()):
        if not isinstance(value, Tensor):
            continue
        sizes = (1,) * (rank - value.ndim) + tuple(value.shape)
        if len(sizes) > rank or any(sizes[axis] != 1 for axis in (0, *first.axes)):
            return None
    if len(call.shape) != rank or any(call.shape[a] != first.shape[a] for a in first.axes):
        return None
    return first


def _elementwise(function: Callable[..., Tensor]) -> Finder:
    def find(call: Call, *args: Any, **kwargs: Any) -> Match | None:
        first = _fits(call, args, kwargs)
        return None if first is None else local(call, function, args, kwargs, first.axes)

    return find


def _elementwise_module(call: Call, module: nn.Module, input: Any) -> Match | None:
    match = local(call, module.forward, (input,), {}, input.axes)
    if not hasattr(module, "inplace"):
        return match
    assert isinstance(match.rule, Local)
    return Match(replace(match.rule, in_place=writing_over(module).forward), match.axes)


def _relu(call: Call, input: Any, inplace: bool = False) -> Match | None:
    match = local(call, torch.relu, (input,), {}, input.axes)
    assert isinstance(match.rule, Local)
    return Match(replace(match.rule, in_place=torch.relu_), match.axes)


def _sum(function: Callable[..., Tensor]) -> Finder:
    def find(call: Call, *args: Any, **kwargs: Any) -> Match | None:
        first = _fits(call, args, kwargs)
        if first is None:
            return None
        match = local(call, function, args, kwargs, first.axes)
        shapes = [arg.shape if isinstance(arg, Carried) else None for arg in args]
        if kwargs or shapes != [first.shape, first.shape]:
            return match
        assert isinstance(match.rule, Local)
        return Match(replace(match.rule, in_place=_add_to), match.axes)

    return find


def _add_to(values: Tensor, others: Tensor) -> Tensor:
    return values.add_(others) if values.dtype == others.dtype else values + others


def _channel_module(call: Call, module: nn.Module, input: Any) -> Match | None:
    """Match modules whose parameters belong to dimension 1."""
    if 1 in input.axes:
        return None
    return local(call, module.forward, (input,), {}, input.axes)


def _batch_norm_module(call: Call, module: nn.BatchNorm2d, input: Any) -> Match | None:
    if module.running_mean is None:
        return None
    return _channel_module(call, module, input)


def _batch_norm(call: Call, input: Any, *args: Any, **kwargs: Any) -> Match | None:
    training = kwargs.get("training", args[4] if len(args) > 4 else False)
    if training is not False or not isinstance(input, Carried) or 1 in input.axes:
        return None
    return local(call, F.batch_norm, (input, *args), kwargs, input.axes)


def _prelu(call: Call, input: Any, weight: Any) -> Match | None:
    if not isinstance(input, Carried) or not isinstance(weight, Tensor) or 1 in input.axes:
        return None
    return local(call, F.prelu, (input, weight), {}, input.axes)


# fmt: off
_FUNCTIONS = [
    "relu", "relu6", "silu", "gelu", "elu", "selu", "celu", "leaky_relu", "mish", "softplus",
    "softsign", "hardtanh", "hardswish", "hardsigmoid", "tanhshrink", "softshrink", "hardshrink",
    "logsigmoid", "sigmoid", "tanh", "threshold",
]
# fmt: on
# fmt: off
_TENSOR_FUNCTIONS = [
    "relu", "sigmoid", "tanh", "exp", "expm1", "log", "log1p", "abs", "neg", "sqrt", "rsqrt",
    "square", "pow", "clamp", "clip", "clamp_min", "clamp_max", "add", "sub", "rsub", "mul",
    "div", "true_divide", "maximum", "minimum", "reciprocal", "erf", "sin", "cos", "sign",
    "round", "floor", "ceil", "where", "lerp", "addcmul", "addcdiv", "logical_not", "gt", "lt",
    "ge", "le", "eq", "ne",
]
# fmt: on
_METHODS = ["float", "double", "half", "bfloat16", "contiguous", "clone", "detach", "to", "type_as"]
_OPERATORS = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.neg,
    operator.abs,
    operator.gt,
    operator.lt,
    operator.ge,
    operator.le,
)
_MODULES = (
    nn.ReLU,
    nn.ReLU6,
    nn.SiLU,
    nn.GELU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.LeakyReLU,
    nn.Mish,
    nn.Softplus,
    nn.Softsign,
    nn.Hardtanh,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Tanhshrink,
    nn.Softshrink,
    nn.Hardshrink,
    nn.LogSigmoid,
    nn.Sigmoid,
    nn.Tanh,
    nn.Threshold,
)


def _method(name: str) -> Callable[..., Tensor]:
    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        value: Tensor = getattr(self, name)(*args, **kwargs)
        return value

    return call


FINDERS: dict[Any, Finder] = {
    **{getattr(F, name): _elementwise(getattr(F, name)) for name in _FUNCTIONS},
    **{getattr(torch, n): _elementwise(getattr(torch, n)) for n in _TENSOR_FUNCTIONS},
    **{n: _elementwise(_method(n)) for n in (*_TENSOR_FUNCTIONS, *_METHODS) if n != "rsub"},
    **{function: _elementwise(function) for function in _OPERATORS},
    **dict.fromkeys(_MODULES, _elementwise_module),
    nn.PReLU: _channel_module,
    nn.BatchNorm2d: _batch_norm_module,
    F.batch_norm: _batch_norm,
    F.prelu: _prelu,
    **dict.fromkeys((F.relu, torch.relu, "relu"), _relu),
    operator.add: _sum(operator.add),
    torch.add: _sum(torch.add),
    "add": _sum(_method("add")),
}

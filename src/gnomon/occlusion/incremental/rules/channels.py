"""Operations that move, split, join or mix channels and leave the map's positions alone."""

import math
import operator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.rules.local import Local, carried_in, local
from gnomon.occlusion.incremental.rules.rule import (
    Axes,
    Call,
    Carried,
    Finder,
    Match,
)


def _cat(call: Call, tensors: Any, dim: int = 0) -> Match | None:
    carried = carried_in(tensors)
    first = carried[0]
    rank = len(first.shape)
    if len(carried) != len(tensors) or dim % rank in (0, *first.axes):
        return None
    if any(other.axes != first.axes or len(other.shape) != rank for other in carried):
        return None
    return local(call, partial(_joined, axes=first.axes), (list(tensors), dim), {}, first.axes)


def _joined(tensors: list[Tensor], dim: int, axes: Axes) -> Tensor:
    """Do what ``torch.cat`` does, which is slow where inputs lie differently in memory."""
    regions = [tensor.movedim(axes, (1, 2)) for tensor in tensors]
    if all(region.is_contiguous() for region in regions) or len({t.dtype for t in tensors}) > 1:
        return torch.cat(tensors, dim)
    order = [0, *axes, *(d for d in range(1, tensors[0].ndim) if d not in axes)]
    inner = order.index(dim % len(order))
    sizes = [region.shape[inner] for region in regions]
    shape = list(regions[0].shape)
    shape[inner] = sum(sizes)
    joined = regions[0].new_empty(shape)
    for part, region in zip(torch.split(joined, sizes, inner), regions, strict=True):
        part.copy_(region)
    return joined.movedim((1, 2), axes)


def _permute(call: Call, input: Any, *dims: Any) -> Match | None:
    order = [d % len(input.shape) for d in (dims[0] if len(dims) == 1 else dims)]
    if order[0] != 0:
        return None
    axes = (order.index(input.axes[0]), order.index(input.axes[1]))
    return local(call, torch.permute, (input, order), {}, axes)


def _transpose(call: Call, input: Any, dim0: int, dim1: int) -> Match | None:
    order = list(range(len(input.shape)))
    (order[dim0], order[dim1]) = (order[dim1], order[dim0])
    return _permute(call, input, order)


def _reshape(call: Call, input: Any, *sizes: Any) -> Match | None:
    """Match views that keep height and width as dimensions of their own."""
    if not call.shape or call.shape[0] != 1:
        return None
    axes = _kept_axes(input.shape, input.axes, call.shape)
    if axes is None:
        return None
    shape = call.shape
    rest = [size for axis, size in enumerate(shape) if axis not in (0, *axes)]
    order = [axis for axis in range(len(input.shape)) if axis not in (0, *input.axes)]
    back = [axis for axis in range(len(shape)) if axis not in (0, *axes)]

    def function(blocks: list[Tensor]) -> Tensor:
        # Height and width go first: channels stay innermost in memory.
        (block,) = blocks
        front = block.permute(0, *input.axes, *order)
        split = front.reshape(*front.shape[:3], *rest)
        places = {axis: index for index, axis in enumerate((0, *axes, *back))}
        return split.permute([places[axis] for axis in range(len(shape))])

    return Match(Local(function, (input.axes,), axes), axes)


def _kept_axes(old: tuple[int, ...], axes: Axes, new: tuple[int, ...]) -> Axes | None:
    """Find where height and width lie after a view: as much must lie before each as did."""
    found = []
    for axis in axes:
        before = math.prod(old[:axis])
        found.append(
            [i for i in range(1, len(new)) if new[i] == old[axis] and math.prod(new[:i]) == before]
        )
    for height in found[0]:
        for width in found[1]:
            if height != width and (height < width) == (axes[0] < axes[1]):
                return (height, width)
    return None


def _flatten(call: Call, input: Any, *dims: Any, **named: Any) -> Match | None:
    return _reshape(call, input)


def _flatten_module(call: Call, module: nn.Flatten, input: Any) -> Match | None:
    return _reshape(call, input)


def _unsqueeze(call: Call, input: Any, dim: int) -> Match | None:
    dim %= len(input.shape) + 1
    if dim == 0:
        return None
    axes = (input.axes[0] + (dim <= input.axes[0]), input.axes[1] + (dim <= input.axes[1]))
    return local(call, torch.unsqueeze, (input, dim), {}, axes)


class Pieces:
    """What ``chunk`` and ``split`` give of a carried tensor, until one piece is chosen."""

    def __init__(self, source: Carried, dim: int, sizes: list[int]) -> None:
        self.source = source
        self.dim = dim
        self.sizes = sizes


def pieces(call: Call, input: Any, *args: Any, **named: Any) -> Pieces | None:
    """Match ``chunk`` and ``split`` along channels."""
    if not isinstance(input, Carried) or not isinstance(call.output, tuple | list):
        return None
    dim = named.get("dim", args[1] if len(args) > 1 else 0) % len(input.shape)
    if dim in (0, *input.axes):
        return None
    return Pieces(input, dim, [piece.shape[dim] for piece in call.output])


def _getitem(call: Call, input: Any, index: Any) -> Match | None:
    if isinstance(input, Pieces):
        (start, size) = (sum(input.sizes[:index]), input.sizes[index])
        return local(
            call, torch.narrow, (input.source, input.dim, start, size), {}, input.source.axes
        )
    rank = len(input.shape)
    places = list(index) if isinstance(index, tuple) else [index]
    if any(
        not isinstance(p, int | slice | type(...) | None) or isinstance(p, bool) for p in places
    ):
        return None
    if ... in places:
        at = places.index(...)
        named = sum(p is not None for p in places) - 1
        places[at : at + 1] = [slice(None)] * (rank - named)
    places += [slice(None)] * (rank - sum(p is not None for p in places))
    axes: dict[int, int] = {}
    (old, new) = (0, 0)
    for place in places:
        if place is None:
            new += 1
            continue
        if old in (0, *input.axes):
            if place != slice(None):
                return None
            axes[old] = new
        new += not isinstance(place, int)
        old += 1
    if axes[0] != 0:
        return None
    out = (axes[input.axes[0]], axes[input.axes[1]])
    return local(call, operator.getitem, (input, tuple(places)), {}, out)


def _over_channels(call: Call, input: Any, dim: Any, keepdim: bool) -> Axes | None:
    """Where the spatial axes come out of a reduction over dimensions that are none of them."""
    dims = [dim] if isinstance(dim, int) else dim
    if not isinstance(dims, list | tuple) or not dims:
        return None
    dims = [d % len(input.shape) for d in dims]
    if set(dims) & {0, *input.axes}:
        return None
    axes: Axes = input.axes
    if keepdim:
        return axes
    (a, b) = axes
    return (a - sum(d < a for d in dims), b - sum(d < b for d in dims))


def reduce_channels(function: Any) -> Finder:
    """Match a reduction (mean, sum, ...) over channels."""

    def find(
        call: Call,
        input: Any,
        dim: Any = None,
        keepdim: bool = False,
    ) -> Match | None:
        axes = _over_channels(call, input, dim, keepdim)
        if axes is None or not isinstance(call.output, Tensor):
            return None
        return local(call, function, (input, dim, keepdim), {}, axes)

    return find


def _softmax(call: Call, input: Any, dim: Any = None, **named: Any) -> Match | None:
    if dim is None or dim % len(input.shape) in (0, *input.axes):
        return None
    return local(call, torch.softmax, (input, dim), {}, input.axes)


def _norm_is_local(input: Any, shape: Any) -> bool:
    count = 1 if isinstance(shape, int) else len(shape)
    return isinstance(input, Carried) and max(input.axes) < len(input.shape) - count


def _layer_norm(
    call: Call,
    input: Any,
    normalized_shape: Any,
    *rest: Any,
    **named: Any,
) -> Match | None:
    if not _norm_is_local(input, normalized_shape):
        return None
    return local(call, F.layer_norm, (input, normalized_shape, *rest), named, input.axes)


def _layer_norm_module(call: Call, module: nn.LayerNorm, input: Any) -> Match | None:
    if not _norm_is_local(input, module.normalized_shape):
        return None
    return local(call, module.forward, (input,), {}, input.axes)


def _linear_module(call: Call, module: nn.Linear, input: Any) -> Match | None:
    if max(input.axes) == len(input.shape) - 1:
        return None
    return local(call, module.forward, (input,), {}, input.axes)


def _linear(call: Call, input: Any, weight: Any, bias: Any = None) -> Match | None:
    if not isinstance(input, Carried) or carried_in([weight, bias]):
        return None
    if max(input.axes) == len(input.shape) - 1:
        return None
    return local(call, F.linear, (input, weight, bias), {}, input.axes)


def _channel_shuffle_module(call: Call, module: nn.Module, input: Any) -> Match | None:
    if not input.is_nchw:
        return None
    return local(call, module.forward, (input,), {}, input.axes)


FINDERS: dict[Any, Finder] = {
    torch.cat: _cat,
    torch.concat: _cat,
    torch.permute: _permute,
    "permute": _permute,
    torch.transpose: _transpose,
    "transpose": _transpose,
    "view": _reshape,
    "reshape": _reshape,
    torch.reshape: _reshape,
    "flatten": _flatten,
    torch.flatten: _flatten,
    nn.Flatten: _flatten_module,
    "unsqueeze": _unsqueeze,
    torch.unsqueeze: _unsqueeze,
    operator.getitem: _getitem,
    torch.sum: reduce_channels(torch.sum),
    "sum": reduce_channels(torch.sum),
    torch.amax: reduce_channels(torch.amax),
    "amax": reduce_channels(torch.amax),
    F.softmax: _softmax,
    torch.softmax: _softmax,
    "softmax": _softmax,
    F.layer_norm: _layer_norm,
    nn.LayerNorm: _layer_norm_module,
    nn.Linear: _linear_module,
    F.linear: _linear,
    nn.ChannelShuffle: _channel_shuffle_module,
}
PIECES = (torch.chunk, torch.split, "chunk", "split")

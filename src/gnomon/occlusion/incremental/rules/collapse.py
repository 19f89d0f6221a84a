"""Where regions end: global averages, as changes of the clean one, and the first linear layer."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.regions import Region, complete, take
from gnomon.occlusion.incremental.rules.channels import reduce_channels
from gnomon.occlusion.incremental.rules.rule import (
    Axes,
    Call,
    Carried,
    Collapse,
    Finder,
    Match,
    to_batch,
)


@dataclass(frozen=True, eq=False)
class GlobalSum(Collapse):
    """The sum over all positions, divided by ``divisor``; ``shape`` of one window's output."""

    divisor: int
    shape: tuple[int, ...]

    def keep(self, clean: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
        """Keep the clean maps and outputs."""
        return clean, output

    def collapse(self, kept: tuple[Tensor, Tensor] | None, region: Region) -> Tensor:
        """Add the mean of what changed to the clean mean."""
        if kept is None or region.place.covers(*kept[0].shape[1:3]):
            return (region.values.sum((1, 2)) / self.divisor).view(-1, *self.shape)
        clean, output = kept
        change = (region.values - take(clean, region.place)).sum((1, 2))
        return output[region.place.images] + (change / self.divisor).view(-1, *self.shape)


def adaptive_avg_pool2d(call: Call, input: Any, output_size: Any) -> Collapse | None:
    """Match adaptive pooling to one place."""
    if (
        not isinstance(input, Carried)
        or not input.is_nchw
        or output_size not in (1, (1, 1), [1, 1])
    ):
        return None
    return GlobalSum(input.length(0) * input.length(1), call.shape[1:])


def _adaptive_module(call: Call, module: nn.AdaptiveAvgPool2d, input: Any) -> Collapse | None:
    return adaptive_avg_pool2d(call, input, module.output_size)


def _reduce(function: Any, is_mean: bool) -> Finder:
    over_channels = reduce_channels(function)

    def find(
        call: Call,
        input: Any,
        dim: Any = None,
        keepdim: bool = False,
    ) -> Match | Collapse | None:
        if isinstance(dim, list | tuple) and {d % len(input.shape) for d in dim} == set(input.axes):
            places = input.length(0) * input.length(1)
            return GlobalSum(places if is_mean else 1, call.shape[1:])
        return over_channels(call, input, dim, keepdim)

    return find


@dataclass(frozen=True, eq=False)
class FlatLinear(Collapse):
    """A linear layer that reads a flattened map: whole maps, for as many windows as there are.

    ``axes`` are the map's height and width before it was flattened.
    """

    weight: Tensor
    bias: Tensor | None
    axes: Axes
    takes_whole_maps = True

    def keep(self, clean: Tensor, output: Tensor) -> Tensor:
        """Keep the clean maps."""
        return clean

    def collapse(self, kept: Tensor | None, region: Region) -> Tensor:
        """Lay the region over the clean map and apply."""
        return self.collapse_all(kept, [region])

    def collapse_all(self, kept: Tensor | None, regions: list[Region]) -> Tensor:
        """Do as ``collapse`` for many batches at once: the weights are read only once."""
        maps = [
            region.values
            if kept is None
            else complete(kept, region, region.place.whole(*kept.shape[1:3]))
            for region in regions
        ]
        rows = torch.cat([to_batch(map_, self.axes).flatten(1) for map_ in maps])
        return F.linear(rows, self.weight, self.bias)


@dataclass(frozen=True, eq=False)
class Flat:
    """An argument that is a carried map, flattened in the order of its dimensions."""

    source: Carried


def flat_linear(call: Call, input: Any, weight: Any, bias: Any = None) -> Collapse | None:
    """Match a linear layer behind a flattened map."""
    if not isinstance(input, Flat) or not isinstance(weight, Tensor) or isinstance(bias, Carried):
        return None
    return FlatLinear(weight.detach(), bias, input.source.axes)


def _flat_linear_module(call: Call, module: nn.Linear, input: Any) -> Collapse | None:
    return flat_linear(call, input, module.weight, module.bias)


def flattens(call: Call, source: Carried) -> bool:
    """Return whether a reshape gives (1, everything)."""
    return len(call.shape) == 2 and call.shape[0] == 1 and len(source.shape) > 2


FINDERS: dict[Any, Finder] = {
    F.adaptive_avg_pool2d: adaptive_avg_pool2d,
    nn.AdaptiveAvgPool2d: _adaptive_module,
    torch.mean: _reduce(torch.mean, is_mean=True),
    "mean": _reduce(torch.mean, is_mean=True),
    torch.sum: _reduce(torch.sum, is_mean=False),
    "sum": _reduce(torch.sum, is_mean=False),
}
FLAT_FINDERS: dict[Any, Finder] = {nn.Linear: _flat_linear_module, F.linear: flat_linear}

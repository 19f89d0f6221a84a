"""Global averages and the first linear layer, computed as differences from the clean output."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.regions import Region, take
from gnomon.occlusion.incremental.rules.channels import reduce_channels
from gnomon.occlusion.incremental.rules.rule import (
    Axes,
    Call,
    Carried,
    Collapse,
    Finder,
    Match,
)

BLOCK_VALUES = 1 << 24


@dataclass(frozen=True, eq=False)
class GlobalSum(Collapse):
    """The sum over all positions, divided by ``divisor``; ``shape`` of one window's output."""

    divisor: int
    shape: tuple[int, ...]

    def keep(self, clean: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
        """Keep the clean map and output."""
        return clean, output

    def collapse(self, kept: tuple[Tensor, Tensor] | None, region: Region) -> Tensor:
        """Add the mean of what changed to the clean mean."""
        if kept is None or region.place.covers(*kept[0].shape[:2]):
            return (region.values.sum((1, 2)) / self.divisor).view(-1, *self.shape)
        clean, output = kept
        change = (region.values - take(clean, region.place)).sum((1, 2))
        return output + (change / self.divisor).view(-1, *self.shape)


def adaptive_avg_pool2d(call: Call, input: Any, output_size: Any) -> Collapse | None:  # noqa: A002
    """Match adaptive pooling to one place."""
    if (
        not isinstance(input, Carried)
        or not input.is_nchw
        or output_size not in (1, (1, 1), [1, 1])
    ):
        return None
    return GlobalSum(input.length(0) * input.length(1), call.shape[1:])


def _adaptive_module(call: Call, module: nn.AdaptiveAvgPool2d, input: Any) -> Collapse | None:  # noqa: A002
    return adaptive_avg_pool2d(call, input, module.output_size)


def _reduce(function: Any, is_mean: bool) -> Finder:
    over_channels = reduce_channels(function)

    def find(
        call: Call,
        input: Any,  # noqa: A002
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
    """A linear layer that reads a flattened map.

    ``weight`` (outputs, features); ``shape`` and ``axes`` are the map's before it was flattened. A
    position's product is taken for the windows that change it and for no other.
    """

    weight: Tensor
    bias: Tensor | None
    shape: tuple[int, ...]
    axes: Axes

    @property
    def size(self) -> tuple[int, int]:
        """The map's height and width."""
        return self.shape[self.axes[0]], self.shape[self.axes[1]]

    def _blocks(self) -> Iterator[tuple[slice, Tensor]]:
        """Give some outputs at a time, and their weights by position (H*W, channels, outputs).

        Laid out anew each time: in full they would take as much memory as the layer itself.
        """
        step = max(1, BLOCK_VALUES // self.weight.shape[1])
        for first in range(0, len(self.weight), step):
            block = self.weight[first : first + step].t().contiguous()
            map_ = block.view(*self.shape[1:], -1).movedim([a - 1 for a in self.axes], (0, 1))
            yield slice(first, first + step), map_.flatten(0, 1).flatten(1, -2)

    def keep(self, clean: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
        """Keep the clean map (H*W, channels) and output."""
        return clean.flatten(0, 1).flatten(1), output

    def collapse(self, kept: tuple[Tensor, Tensor] | None, region: Region) -> Tensor:
        """Add, position by position, the change times that position's weights."""
        return self.collapse_all(kept, [region])

    def collapse_all(self, kept: tuple[Tensor, Tensor] | None, regions: list[Region]) -> Tensor:
        """Do as ``collapse`` for many batches at once: the weights are read only once."""
        whole = [r for r in regions if r.place.covers(*self.size)]
        parts = [r for r in regions if not r.place.covers(*self.size)]
        given = iter(
            torch.split(self._products(whole), [len(r.values) for r in whole]) if whole else ()
        )
        changes: Iterator[Tensor] = iter(())
        if parts:
            assert kept is not None, "a region that moves needs the clean map"
            changes = iter(torch.split(self._changes(*kept, parts), [len(r.values) for r in parts]))
        return torch.cat([next(given if r.place.covers(*self.size) else changes) for r in regions])

    def _products(self, regions: list[Region]) -> Tensor:
        """Take the product of whole maps (n, outputs)."""
        rows = torch.cat([r.values.flatten(3).flatten(1, 2) for r in regions]).flatten(1)
        product = torch.cat([rows @ block.flatten(0, 1) for _, block in self._blocks()], dim=1)
        return product if self.bias is None else product + self.bias

    def _changes(self, clean: Tensor, output: Tensor, regions: list[Region]) -> Tensor:
        """Give the clean output plus, position by position, the change times the weights."""
        rows = torch.cat([r.values.flatten(3).flatten(0, 2) for r in regions])
        position = torch.cat([self._positions(r) for r in regions])
        sizes = [r.place.height * r.place.width for r in regions for _ in range(len(r.values))]
        window = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes)).to(rows.device)
        order = position.argsort(stable=True)
        ends = torch.bincount(position, minlength=len(clean)).cumsum(0).tolist()
        places = [
            (place, window[order[start:end]], rows[order[start:end]] - clean[place])
            for place, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
            if start < end
        ]
        results = []
        for outputs, block in self._blocks():
            part = output[:, outputs].repeat(len(sizes), 1)
            for place, changed, change in places:
                part.index_add_(0, changed, change @ block[place])
            results.append(part)
        return torch.cat(results, dim=1)

    def _positions(self, region: Region) -> Tensor:
        place = region.place
        down = place.rows[:, None] + torch.arange(place.height, device=place.device)
        across = place.columns[:, None] + torch.arange(place.width, device=place.device)
        return (down[:, :, None] * self.size[1] + across[:, None, :]).flatten()


@dataclass(frozen=True, eq=False)
class Flat:
    """An argument that is a carried map, flattened in the order of its dimensions."""

    source: Carried


def flat_linear(call: Call, input: Any, weight: Any, bias: Any = None) -> Collapse | None:  # noqa: A002
    """Match a linear layer behind a flattened map."""
    if not isinstance(input, Flat) or not isinstance(weight, Tensor) or isinstance(bias, Carried):
        return None
    return FlatLinear(weight.detach(), bias, input.source.shape, input.source.axes)


def _flat_linear_module(call: Call, module: nn.Linear, input: Any) -> Collapse | None:  # noqa: A002
    return flat_linear(call, input, module.weight, module.bias)


def flattens(call: Call, source: Carried) -> bool:
    """Say whether a reshape gives (1, everything)."""
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

"""Adaptive average pooling to more than one place, with bins of unequal size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.regions import Place, Region, Span, take
from gnomon.occlusion.incremental.rules.collapse import adaptive_avg_pool2d
from gnomon.occlusion.incremental.rules.local import local
from gnomon.occlusion.incremental.rules.rule import Call, Carried, Collapse, Finder, Match, Rule


@dataclass(frozen=True, eq=False)
class AdaptiveAverage(Rule):
    """Averages over bins: output i reads from floor(i*L/n) to ceil((i+1)*L/n)."""

    lengths: tuple[int, int]
    outputs: tuple[int, int]

    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Return the bins that hold a changed place."""
        (length, outputs) = (self.lengths[axis], self.outputs[axis])
        start, end = _bins(length, outputs)
        lo = np.searchsorted(end, spans[0].lo, side="right")
        hi = np.searchsorted(start, spans[0].hi - 1, side="right")
        return Span.clipped(lo, hi, outputs)

    def keep(self, inputs: Sequence[Tensor | None], output: Tensor) -> tuple[Tensor | None, Tensor]:
        """Keep the clean input and output."""
        return inputs[0], output

    def carry(
        self, kept: tuple[Tensor | None, Tensor] | None, regions: Sequence[Region], place: Place
    ) -> Tensor:
        """Add the change, averaged over the bins, to the clean output."""
        (clean, output) = kept or (None, None)
        region = regions[0]
        if clean is None or output is None or region.place.covers(*self.lengths):
            whole = region.values.permute(0, 3, 1, 2)
            return F.adaptive_avg_pool2d(whole, self.outputs).permute(0, 2, 3, 1).contiguous()
        change = region.values - take(clean, region.place)
        down = self._averages(0, region.place.rows, region.place.height, place.rows, place.height)
        across = self._averages(
            1, region.place.columns, region.place.width, place.columns, place.width
        )
        (n, h, w, c) = change.shape
        lower = torch.bmm(down.to(change), change.reshape(n, h, w * c)).view(n, -1, w, c)
        moved = torch.matmul(across.to(change)[:, None], lower)
        return take(output, place) + moved

    def _averages(self, axis: int, source: Tensor, size: int, target: Tensor, count: int) -> Tensor:
        """Weights (n, count, size) of the places from ``source`` in the bins from ``target``."""
        start, end = (
            torch.from_numpy(b).to(source.device)
            for b in _bins(self.lengths[axis], self.outputs[axis])
        )
        places = source[:, None] + torch.arange(size, device=source.device)
        bins = target[:, None] + torch.arange(count, device=source.device)
        (first, last) = (start[bins][:, :, None], end[bins][:, :, None])
        inside = (places[:, None] >= first) & (places[:, None] < last)
        return inside / (last - first).double()


def _bins(length: int, outputs: int) -> tuple[Any, Any]:
    index = np.arange(outputs)
    return index * length // outputs, -(-(index + 1) * length // outputs)


def _adaptive(call: Call, input: Any, output_size: Any) -> Match | Collapse | None:
    if not isinstance(input, Carried) or not input.is_nchw:
        return None
    collapse = adaptive_avg_pool2d(call, input, output_size)
    if collapse is not None:
        return collapse
    lengths = (input.length(0), input.length(1))
    if lengths == call.shape[2:]:
        return local(call, torch.clone, (input,), {}, (2, 3))
    return Match(AdaptiveAverage(lengths, (call.shape[2], call.shape[3])), (2, 3))


def _module(call: Call, module: nn.AdaptiveAvgPool2d, input: Any) -> Match | Collapse | None:
    return _adaptive(call, input, module.output_size)


FINDERS: dict[Any, Finder] = {F.adaptive_avg_pool2d: _adaptive, nn.AdaptiveAvgPool2d: _module}

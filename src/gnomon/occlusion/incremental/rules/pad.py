"""Padding with a constant: the map grows, the change only moves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.regions import Place, Region, Span, lay, take
from gnomon.occlusion.incremental.rules.rule import Call, Carried, Finder, Match, Rule


@dataclass(frozen=True)
class Pad(Rule):
    """Moves regions by ``before`` places on each axis of maps of ``outputs`` places."""

    before: tuple[int, int]
    outputs: tuple[int, int]
    whole: Callable[[Tensor], Tensor]

    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Shift along one axis."""
        (span,) = spans
        shift = self.before[axis]
        return Span.clipped(span.lo + shift, span.hi + shift, self.outputs[axis])

    def keep(self, inputs: Sequence[Tensor | None], output: Tensor) -> Tensor:
        """Keep the padded clean maps."""
        return output

    def carry(self, kept: Tensor | None, regions: Sequence[Region], place: Place) -> Tensor:
        """Move, and where the place is larger, fill up from the clean map."""
        (region,) = regions
        (down, across) = self.before
        moved = replace(region.place, y=region.place.y + down, x=region.place.x + across)
        if moved.same(place):
            return region.values
        if kept is None:
            whole = self.whole(region.values.permute(0, 3, 1, 2))
            return whole.permute(0, 2, 3, 1).contiguous()
        block = take(kept, place)
        lay(block, region, place, self.before)
        return block


def _pad(
    call: Call,
    input: Any,
    pad: Any,
    mode: str = "constant",
    value: Any = None,
) -> Match | None:
    if not isinstance(input, Carried) or not input.is_nchw or mode != "constant":
        return None
    amounts = [*pad, 0, 0, 0, 0]
    if len(pad) > 4 or min(pad) < 0:
        return None
    whole = partial(F.pad, pad=tuple(pad), value=value)
    return Match(Pad((amounts[2], amounts[0]), (call.shape[2], call.shape[3]), whole), (2, 3))


def _pad_module(call: Call, module: Any, input: Any) -> Match | None:
    value = getattr(module, "value", 0.0)
    return _pad(call, input, module.padding, "constant", value)


FINDERS: dict[Any, Finder] = {
    F.pad: _pad,
    nn.ZeroPad2d: _pad_module,
    nn.ConstantPad2d: _pad_module,
}

"""Operations whose outputs each read a window that slides over the map."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from gnomon.occlusion.incremental.regions import Place, Region, Span, lay, take
from gnomon.occlusion.incremental.rules.rule import Call, Carried, Rule

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
        """Places that so many neighboring outputs read."""
        return (outputs - 1) * self.stride + self.reach + 1

    def spread(self, span: Span) -> Span:
        """Return the outputs whose windows touch the span."""
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
    windows_inside: ClassVar[bool] = False

    @property
    def moves(self) -> bool:  # type: ignore[override]  # elsewhere a field
        """Return whether an output reads more than its own place."""
        return not self.is_pointwise

    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Spread along one axis."""
        return self.sweeps[axis].spread(spans[0])

    def keep(self, inputs: Sequence[Tensor | None], output: Tensor) -> Tensor | None:
        """Pad the clean maps."""
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
        size = (len(clean), height, width, *clean.shape[3:])
        padded = clean.new_full(size, self.padding_value)
        inner = padded[:, down.before : down.before + down.length]
        inner[:, :, across.before : across.before + across.length] = clean
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
        read = self.read(place)
        block = take(kept, read, self.windows_inside)
        lay(block, region, read, (down.before, across.before))
        return self._apply(self.operation, block, place)

    def read(self, place: Place) -> Place:
        """Return the places in padded maps that hold what the outputs at ``place`` read."""
        (down, across) = self.sweeps
        extents = (down.extent(place.height), across.extent(place.width))
        return place.reads((down.stride, across.stride), extents)

    @property
    def is_pointwise(self) -> bool:
        """Return whether each output reads one place, and each place gives one output."""
        return all(s.kernel == s.stride == 1 and s.before == 0 for s in self.sweeps)

    def _apply(self, operation: Any, block: Tensor, place: Place) -> Tensor:
        values: Tensor = operation(block.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        if values.stride(3) != 1:
            values = values.contiguous()
        if self.divisors is not None:
            one = replace(place, image=np.zeros_like(place.image))
            values = values / take(self.divisors.to(values)[None], one)[..., None]
        return values


def pair(value: Any) -> Pair:
    """Read a setting that is one number for both axes, or one for each."""
    if isinstance(value, int):
        return (value, value)
    first, *rest = value
    return (int(first), int(rest[0] if rest else first))


def sweeps_of(
    call: Call, source: Carried, kernel: Pair, stride: Pair, dilation: Pair, before: Pair
) -> tuple[Sweep, Sweep]:
    """Lay one sweep along each axis of (N,C,H,W)."""
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

"""Where a window's change lies in a feature map, and the pixels there.

Regions are products of intervals, so each axis is worked out alone. A ``Span`` says, for many
windows, which interval of one axis can change; a ``Place`` says where a batch of equally large
blocks lies; a ``Region`` is such a batch with its values.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Ints = NDArray[np.int64]
Size = tuple[int, int]
"""Height and width."""
KEPT_GRIDS = 1024


@dataclass(frozen=True, eq=False)
class Span:
    """Intervals [``lo``, ``hi``) of an axis with ``length`` places, one for each window.

    None is empty: where nothing changes, one place that keeps its value is carried along.
    """

    lo: Ints
    hi: Ints
    length: int

    @classmethod
    def clipped(cls, lo: Ints, hi: Ints, length: int) -> "Span":
        """Cut intervals to the axis."""
        lo = np.clip(lo, 0, length - 1)
        return cls(lo, np.clip(hi, lo + 1, length), length)

    @classmethod
    def full(cls, count: int, length: int) -> "Span":
        """Give ``count`` windows the whole axis."""
        return cls(np.zeros(count, np.int64), np.full(count, length, np.int64), length)

    @property
    def size(self) -> Ints:
        """How many places can change."""
        return self.hi - self.lo

    def union(self, other: "Span") -> "Span":
        """Span both, and what lies between."""
        if other is self:
            return self
        return Span(np.minimum(self.lo, other.lo), np.maximum(self.hi, other.hi), self.length)


@dataclass(frozen=True, eq=False)
class Place:
    """Where n blocks of ``height`` x ``width`` lie in a map: top rows ``y``, left columns ``x``."""

    y: Ints
    x: Ints
    height: int
    width: int
    device: torch.device

    @cached_property
    def rows(self) -> Tensor:
        """``y`` on the device."""
        return torch.from_numpy(self.y).to(self.device)

    @cached_property
    def columns(self) -> Tensor:
        """``x`` on the device."""
        return torch.from_numpy(self.x).to(self.device)

    def same(self, other: "Place") -> bool:
        """Say whether both lie in the same places."""
        return self is other or (
            (self.height, self.width) == (other.height, other.width)
            and np.array_equal(self.y, other.y)
            and np.array_equal(self.x, other.x)
        )

    def whole(self, height: int, width: int) -> "Place":
        """Give the place of as many blocks that are whole maps of that size."""
        zeros = np.zeros_like(self.y)
        return Place(zeros, zeros, height, width, self.device)

    def take(self, part: Ints) -> "Place":
        """Give the place of some of the blocks."""
        return Place(self.y[part], self.x[part], self.height, self.width, self.device)

    def covers(self, height: int, width: int) -> bool:
        """Say whether every block is a whole map of that size."""
        return self.height == height and self.width == width


@dataclass(frozen=True, eq=False)
class Region:
    """The values (n, height, width, *channels) of the blocks at ``place``, channels innermost."""

    values: Tensor
    place: Place


def take(clean: Tensor, place: Place, windows_inside: bool = False) -> Tensor:
    """Copy the blocks at ``place`` (n, height, width, *channels) out of one map (H, W, *channels).

    In memory the n windows come outermost, or inside of height and width. A row to spare lies
    behind the blocks; ``lay`` sends there what falls outside.
    """
    channels = clean.shape[2:]
    offsets = _grid(place.height, place.width, clean.shape[1], clean.device)
    start = place.rows * clean.shape[1] + place.columns
    if windows_inside:
        index = torch.add(offsets[:, None], start).view(-1)
    else:
        index = torch.add(start[:, None], offsets).view(-1)
    rows = clean.reshape(-1, channels.numel())
    block = rows.new_empty((len(index) + 1, rows.shape[1])).narrow(0, 0, len(index))
    torch.index_select(rows, 0, index, out=block)
    if windows_inside:
        inside = block.view(place.height, place.width, len(start), *channels)
        return inside.movedim(2, 0)
    return block.view(len(start), place.height, place.width, *channels)


def lay(block: Tensor, region: Region, y: Ints, x: Ints) -> None:
    """Write ``region`` into blocks that ``take`` made and that begin at rows ``y``, columns ``x``.

    What falls outside a block is dropped.
    """
    height, width = block.shape[1:3]
    down, right = region.place.y - y, region.place.x - x
    (dy, dx) = (int(down[0]), int(right[0]))
    if (down == dy).all() and (right == dx).all():
        top, bottom = max(dy, 0), min(dy + region.place.height, height)
        left, end = max(dx, 0), min(dx + region.place.width, width)
        if top < bottom and left < end:
            block[:, top:bottom, left:end] = region.values[
                :, top - dy : bottom - dy, left - dx : end - dx
            ]
        return
    row = block[0, 0, 0].numel()
    places = block.numel() // row
    memory = block.as_strided((places + 1, row), (row, 1))
    rows = _within(down, region.place.height, height)[:, :, None]
    columns = _within(right, region.place.width, width)[:, None, :]
    window, below, beside = (stride // row for stride in block.stride()[:3])
    index = rows * below + columns * beside + (np.arange(len(block)) * window)[:, None, None]
    index[(rows < 0) | (columns < 0)] = places
    order = (0, 1, 2) if region.values.is_contiguous() else (1, 2, 0)
    target = torch.from_numpy(index.transpose(order).reshape(-1)).to(block.device)
    values = region.values.permute(*order, *range(3, region.values.ndim))
    memory.index_copy_(0, target, values.reshape(len(target), row))


def _within(start: Ints, size: int, limit: int) -> Ints:
    """Places ``start`` + 0..size-1 of n intervals, -1 where outside of [0, limit)."""
    places = start[:, None] + np.arange(size)[None, :]
    places[(places < 0) | (places >= limit)] = -1
    return places


def complete(clean: Tensor | None, region: Region, place: Place) -> Tensor:
    """Give the values at ``place``: the region's where it has them, else the clean map's."""
    if region.place.same(place):
        return region.values
    assert clean is not None, "a region that moves needs the clean map"
    block = take(clean, place)
    lay(block, region, place.y, place.x)
    return block


@lru_cache(KEPT_GRIDS)
def _grid(height: int, width: int, pitch: int, device: torch.device) -> Tensor:
    down = torch.arange(0, height * pitch, pitch, device=device)
    return (down[:, None] + torch.arange(width, device=device)[None, :]).flatten()

"""Where a window's change lies in a feature map, and the pixels there.

Regions are products of intervals, so each axis is worked out alone. A ``Span`` says, for many
windows, which interval of one axis can change; a ``Place`` says where a batch of equally large
blocks lies; a ``Region`` is such a batch with its values.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

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
        """Return the whole axis for each of ``count`` windows."""
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
    """Where n blocks of ``height`` x ``width`` lie in maps of several images.

    Each belongs to the map of ``image``, from the row ``y`` and the column ``x`` on; ``on_device``
    (3,n) is these three once more.
    """

    image: Ints
    y: Ints
    x: Ints
    height: int
    width: int
    device: torch.device
    on_device: Tensor = field(init=False, repr=False)
    read: dict[tuple[Size, Size], "Place"] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Bring it to the device."""
        here = torch.from_numpy(np.stack([self.image, self.y, self.x]))
        object.__setattr__(self, "on_device", here.to(self.device))

    @property
    def images(self) -> Tensor:
        """``image`` on the device."""
        return self.on_device[0]

    @property
    def rows(self) -> Tensor:
        """``y`` on the device."""
        return self.on_device[1]

    @property
    def columns(self) -> Tensor:
        """``x`` on the device."""
        return self.on_device[2]

    def same(self, other: "Place") -> bool:
        """Return whether both lie in the same places."""
        return self is other or (
            (self.height, self.width) == (other.height, other.width)
            and np.array_equal(self.image, other.image)
            and np.array_equal(self.y, other.y)
            and np.array_equal(self.x, other.x)
        )

    def whole(self, height: int, width: int) -> "Place":
        """Return the place of as many blocks that are whole maps of that size."""
        zeros = np.zeros_like(self.y)
        return Place(self.image, zeros, zeros, height, width, self.device)

    def take(self, part: Ints) -> "Place":
        """Return the place of some of the blocks."""
        return replace(self, image=self.image[part], y=self.y[part], x=self.x[part])

    def reads(self, stride: Size, size: Size) -> "Place":
        """Return the places that hold what the blocks' outputs read, ``size`` large.

        They are kept: what is on the device stays there for the next images. Plans ask for them
        before anything runs, because small values that stay, made between large ones that go,
        leave the heap in pieces, of twice the size.
        """
        if (stride, size) not in self.read:
            (down, across) = stride
            self.read[stride, size] = Place(
                self.image, self.y * down, self.x * across, *size, self.device
            )
        return self.read[stride, size]

    def covers(self, height: int, width: int) -> bool:
        """Return whether every block is a whole map of that size."""
        return self.height == height and self.width == width


@dataclass(frozen=True, eq=False)
class Region:
    """The values (n, height, width, *channels) of the blocks at ``place``, channels innermost."""

    values: Tensor
    place: Place


def take(clean: Tensor, place: Place, windows_inside: bool = False) -> Tensor:
    """Copy the blocks at ``place`` (n, height, width, *channels) out of maps (I, H, W, *channels).

    In memory the n windows come outermost, or inside of height and width. A row to spare lies
    behind the blocks; ``lay`` sends there what falls outside.
    """
    (_, height, width, *_), channels = clean.shape, clean.shape[3:]
    offsets = _grid(place.height, place.width, width, clean.device)
    start = (place.images * height + place.rows) * width + place.columns
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


def lay(block: Tensor, region: Region, place: Place, margin: Size = (0, 0)) -> None:
    """Write ``region`` into blocks that ``take`` made at ``place``.

    Their maps may have a ``margin`` of more rows above and columns before than the region's. What
    falls outside a block is dropped.
    """
    height, width = block.shape[1:3]
    (dys, dxs) = (region.place.y - place.y + margin[0], region.place.x - place.x + margin[1])
    (dy, dx) = (int(dys[0]), int(dxs[0]))
    if (dys == dy).all() and (dxs == dx).all():
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
    window, below, beside = (stride // row for stride in block.stride()[:3])
    rows = _within(region.place.rows - place.rows + margin[0], region.place.height, height)
    columns = _within(region.place.columns - place.columns + margin[1], region.place.width, width)
    first = window * torch.arange(len(block), device=block.device)[:, None]
    down = (first + rows * below).masked_fill_(rows < 0, places)
    right = (columns * beside).masked_fill_(columns < 0, places)
    index = (down[:, :, None] + right[:, None, :]).clamp_(max=places)
    order = (0, 1, 2) if region.values.is_contiguous() else (1, 2, 0)
    target = index.permute(order).reshape(-1)
    values = region.values.permute(*order, *range(3, region.values.ndim))
    memory.index_copy_(0, target, values.reshape(len(target), row))


def _within(start: Tensor, size: int, limit: int) -> Tensor:
    """Places ``start`` + 0..size-1 of n intervals, -1 where outside of [0, limit)."""
    places = start[:, None] + torch.arange(size, device=start.device)
    return places.masked_fill((places < 0) | (places >= limit), -1)


def complete(clean: Tensor | None, region: Region, place: Place) -> Tensor:
    """Return the values at ``place``: the region's where it has them, else the clean maps'."""
    if region.place.same(place):
        return region.values
    assert clean is not None, "a region that moves needs the clean map"
    block = take(clean, place)
    lay(block, region, place)
    return block


@lru_cache(KEPT_GRIDS)
def _grid(height: int, width: int, pitch: int, device: torch.device) -> Tensor:
    down = torch.arange(0, height * pitch, pitch, device=device)
    return (down[:, None] + torch.arange(width, device=device)[None, :]).flatten()

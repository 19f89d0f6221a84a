"""What a rule is: how one operation carries a changed region from its inputs to its output."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.occlusion.incremental.regions import Ints, Place, Region, Size, Span

Axes = tuple[int, int]
"""Which dimensions of a tensor are its height and width."""


@dataclass(frozen=True, eq=False)
class Carried:
    """An argument that carries a region: its shape for one clean image, and its spatial axes."""

    shape: tuple[int, ...]
    axes: Axes

    def length(self, axis: int) -> int:
        """Return the map's height (axis 0) or width (axis 1)."""
        return self.shape[self.axes[axis]]

    @property
    def is_nchw(self) -> bool:
        """Return whether the tensor is (N,C,H,W)."""
        return len(self.shape) == 4 and self.axes == (2, 3)


class Rule(ABC):
    """How one operation carries regions.

    Spatial axes come before channels: the clean maps of several images are (I, H, W, *channels), a
    region (n, h, w, *channels). ``moves`` says that the clean map is read even where the output
    lies where the input does.
    """

    moves: bool = True
    weight_moves: float = 2.0
    """How often a group's first batch moves the weights: it reads them and lays them out anew."""

    @abstractmethod
    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Return what can change along an axis of the output, from what changes in each input."""

    def fitted(self, sizes: Mapping[Size, int]) -> "Rule":
        """Return the rule that suits outputs of (height, width), so many windows of each."""
        return self

    def worked(self, sizes: Ints) -> Ints:
        """Return how long along an axis is what is computed for outputs of given lengths."""
        return sizes

    def keep(self, inputs: Sequence[Tensor | None], output: Tensor) -> Any:
        """Prepare what ``carry`` needs of the clean maps.

        An input is ``None`` where every window's region already lies where it is needed.
        """
        return inputs

    @abstractmethod
    def carry(self, kept: Any, regions: Sequence[Region], place: Place) -> Tensor:
        """Compute the output's values (n, h, w, *channels) at ``place``.

        ``kept`` is ``None`` where no input is read from the clean map.
        """


class Collapse(ABC):
    """How one operation turns regions into values for each window that have no place.

    ``takes_whole_maps`` says that it works on all of the map, however small the region.
    """

    takes_whole_maps: bool = False

    @abstractmethod
    def keep(self, clean: Tensor, output: Tensor) -> Any:
        """Prepare what ``collapse`` needs of the clean maps and outputs."""

    @abstractmethod
    def collapse(self, kept: Any, region: Region) -> Tensor:
        """Compute the operation's own output (n, ...).

        ``kept`` is ``None`` where every region is a whole map.
        """


@dataclass(frozen=True)
class Match:
    """A rule for a call, and the spatial axes of what comes out of it."""

    rule: Rule
    axes: Axes


@dataclass(frozen=True, eq=False)
class Call:
    """One operation of the traced graph: what it gives for the clean image, and its module."""

    output: Any
    module: nn.Module | None

    @property
    def shape(self) -> tuple[int, ...]:
        """The clean output's shape."""
        return tuple(self.output.shape) if isinstance(self.output, Tensor) else ()


Finder = Callable[..., Match | Collapse | None]
"""Takes a ``Call`` and the operation's own arguments; ``None`` where the rule does not hold."""


def to_region(value: Tensor, axes: Axes) -> Tensor:
    """Bring the spatial axes of a batch behind its first: (n, h, w, ...), contiguous."""
    return value.movedim(axes, (1, 2)).contiguous()


def to_batch(values: Tensor, axes: Axes) -> Tensor:
    """Undo ``to_region``, without a copy."""
    return values.movedim((1, 2), axes)


def is_nchw_tensor(value: object) -> bool:
    """Return whether a value is a tensor of four dimensions."""
    return isinstance(value, torch.Tensor) and value.ndim == 4

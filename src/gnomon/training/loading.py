"""Photographs to batches, each draw decided by the seed, the epoch and the photograph alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from gnomon.training.data import Photo

KEPT_BYTES = 2**30


class View(Protocol):
    """How a photograph is loaded once, and shown each time."""

    def canvas(self, image: Path) -> Tensor:
        """Load an image as uint8 (3,H,W)."""
        ...

    def vary(self, canvas: Tensor) -> Tensor:
        """Show it: float (3,H,W) in [0,1]."""
        ...


class Photographs(Dataset[tuple[Tensor, int]]):
    """Pixels (3,H,W) and class index for a draw (row, seed); keeps up to 1 GiB of loaded images."""

    def __init__(self, photos: Sequence[Photo], class_names: Sequence[str], view: View) -> None:
        self._images = [photo.image for photo in photos]
        self._labels = [class_names.index(photo.label) for photo in photos]
        self._view = view
        self._kept: dict[int, Tensor] = {}
        self._kept_bytes = 0

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, draw: tuple[int, int], /) -> tuple[Tensor, int]:
        row, seed = draw
        with torch.random.fork_rng(devices=[]), _one_thread():
            torch.manual_seed(seed)
            return self._view.vary(self._canvas(row)), self._labels[row]

    def _canvas(self, row: int) -> Tensor:
        if row in self._kept:
            return self._kept[row]
        canvas = self._view.canvas(self._images[row])
        if self._kept_bytes + canvas.nbytes <= KEPT_BYTES:
            self._kept[row] = canvas
            self._kept_bytes += canvas.nbytes
        return canvas


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute in one thread: for one small image, threads cost more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Shuffled(Sampler[tuple[int, int]]):
    """All rows in an order of their own for each epoch, with a seed for each draw.

    ``epoch`` tells the present one, so that a resumed training draws what an undisturbed one would.
    """

    def __init__(self, count: int, seed: int, epoch: Callable[[], int]) -> None:
        self._count, self._seed, self._epoch = count, seed, epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        random = np.random.default_rng([self._seed, self._epoch()])
        rows, seeds = random.permutation(self._count), random.integers(2**63, size=self._count)
        yield from zip(rows.tolist(), seeds.tolist(), strict=True)


class InOrder(Sampler[tuple[int, int]]):
    """All rows, first to last."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((row, 0) for row in range(self._count))

"""What a keypoint looks like to the network, and where it lies among the others."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from gnomon.images.picture import Picture
from gnomon.parts.features import FeatureMaps, sample
from gnomon.parts.view import View, view_around
from gnomon.types import Floats

Descriptors = NDArray[np.float32]
Places = NDArray[np.complex128]

ANCHORS = 20
"""The best keypoints of an image, which say where the object lies; the parts are learnt on them."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One image seen through the network, ready to describe any of its places."""

    view: View
    maps: list[torch.Tensor]
    middle: complex
    scale: float

    def describe(self, xy: Floats) -> Descriptors:
        """Read the maps at points (N,2) file pixels, each layer brought to length 1: (N,D)."""
        size = (self.view.pixels.shape[1], self.view.pixels.shape[2])
        layers = sample(self.maps, self.view.from_file.apply(xy), size)
        unit = [torch.nn.functional.normalize(one.float(), dim=1) for one in layers]
        read: Descriptors = torch.cat(unit, dim=1).cpu().numpy()
        return read

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers each layer gives."""
        return tuple(len(one) for one in self.maps)

    def with_maps(self, maps: list[torch.Tensor]) -> "Look":
        """Return the same look with other maps."""
        return replace(self, maps=maps)

    def places(self, xy: Floats) -> Places:
        """Return points (N,2) file pixels as x + iy, in units of the anchors' spread."""
        at: Places = ((xy[:, 0] + 1j * xy[:, 1]) - self.middle) / self.scale
        return at

    def from_places(self, places: Places) -> Floats:
        """Take places back to file pixels (N,2)."""
        at = places * self.scale + self.middle
        return np.stack([at.real, at.imag], axis=-1)


def look(features: FeatureMaps, picture: Picture, xy: Floats) -> Look:
    """Look at a picture around its keypoints (N,2) file pixels, best first, N > 0."""
    anchors = xy[:ANCHORS]
    view = view_around(picture, anchors, features.size)
    middle = np.median(anchors, axis=0)
    scale = np.sqrt(((anchors - middle) ** 2).sum(axis=1).mean())
    return Look(view, features(view.pixels), complex(*middle), max(float(scale), 1.0))


@dataclass(frozen=True, repr=False)
class Space:
    """Where descriptors are compared by the cosine between them.

    ``mean`` (D,) is taken off, layer by layer of ``widths``; ``axes`` (D,d) are the directions kept
    where there were too many, or (D,0).
    """

    mean: Descriptors
    widths: tuple[int, ...]
    axes: Descriptors

    def __repr__(self) -> str:
        return f"<Space of {self.dimensions} dimensions>"

    @classmethod
    def of(cls, raw: Descriptors, widths: tuple[int, ...], most: int = 320) -> "Space":
        """Fit to descriptors (N,D): their mean, and the ``most`` directions of largest variance."""
        plain = cls(raw.mean(axis=0), widths, np.empty((raw.shape[1], 0), np.float32))
        if raw.shape[1] <= most:
            return plain
        embedded = plain.embed(raw)
        _, vectors = np.linalg.eigh(embedded.T @ embedded)
        return cls(plain.mean, widths, np.ascontiguousarray(vectors[:, ::-1][:, :most]))

    @cached_property
    def dimensions(self) -> int:
        """How many numbers ``embed`` gives a point."""
        return self.axes.shape[1] or len(self.mean)

    def embed(self, raw: Descriptors) -> Descriptors:
        """Bring descriptors (N,D) into the space: (N,d) of length 1."""
        centered = np.split(raw - self.mean, np.cumsum(self.widths)[:-1], axis=1)
        joined = unit(np.concatenate([unit(one) for one in centered], axis=1))
        return unit(joined @ self.axes) if self.axes.shape[1] else joined


def unit(rows: Descriptors) -> Descriptors:
    """Bring rows (...,D) to length 1; zeros stay."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Descriptors = (rows / np.maximum(length, 1e-9)).astype(np.float32)
    return scaled

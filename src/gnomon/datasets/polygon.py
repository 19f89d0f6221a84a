"""Outlines of parts: their area, their centroid, and what lies inside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class PartPolygon:
    """The outline of one visible piece of a part: ``xy`` (V,2) file pixels, V >= 3, not closed."""

    name: str
    xy: Floats

    def __post_init__(self) -> None:
        xy = np.asarray(self.xy, dtype=np.float64)
        if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) < 3 or not np.isfinite(xy).all():
            raise ValueError(f"a polygon is finite (V,2) with V >= 3, not {xy.shape}")
        object.__setattr__(self, "xy", xy)

    @property
    def area(self) -> float:
        """Area in px², by the shoelace formula."""
        return abs(float(_cross(self.xy - self.xy[0]).sum())) / 2

    @property
    def centroid(self) -> Floats:
        """Center of the area (2,); the mean of the corners where the area is nothing.

        >>> PartPolygon("lid", np.array([[0, 0], [4, 0], [4, 2], [0, 2]])).centroid
        array([2., 1.])
        """
        corners = self.xy - self.xy[0]
        weights = _cross(corners)
        twice_area = weights.sum()
        if abs(twice_area) < 1e-9:
            middle: Floats = self.xy.mean(axis=0)
            return middle
        pairs = corners + np.roll(corners, -1, axis=0)
        center: Floats = self.xy[0] + weights @ pairs / (3 * twice_area)
        return center

    def contains(self, xy: Floats) -> NDArray[np.bool_]:
        """Return which points (N,2) lie inside, by the even-odd rule."""
        x, y = xy[:, :1], xy[:, 1:]
        x0, y0 = self.xy.T
        x1, y1 = np.roll(self.xy, -1, axis=0).T
        crosses = (y0 <= y) != (y1 <= y)
        rise = np.where(y1 == y0, 1.0, y1 - y0)
        left = x < x0 + (y - y0) / rise * (x1 - x0)
        inside: NDArray[np.bool_] = (crosses & left).sum(axis=1) % 2 == 1
        return inside


def _cross(corners: Floats) -> Floats:
    following = np.roll(corners, -1, axis=0)
    products: Floats = corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]
    return products


def inside_any(polygons: tuple[PartPolygon, ...], xy: Floats) -> NDArray[np.bool_]:
    """Return which points (N,2) lie inside at least one of the polygons."""
    hit = np.zeros(len(xy), dtype=np.bool_)
    for polygon in polygons:
        hit |= polygon.contains(xy)
    return hit

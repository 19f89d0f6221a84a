"""A projective camera from points whose places in space and in the picture are known."""

from dataclasses import dataclass

import numpy as np

from gnomon.errors import DatasetError
from gnomon.types import Floats

LEAST = 6
DEGENERATE = 1e-7
"""The second smallest singular value over the largest below which no one camera fits."""


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A camera ``matrix`` (3,4): homogeneous points in space to homogeneous pixels."""

    matrix: Floats

    def project(self, places: Floats) -> Floats:
        """Take places in space (N,3) to pixels (N,2); NaN for a place level with the camera."""
        seen = homogeneous(places) @ self.matrix.T
        depth = np.where(np.abs(seen[:, 2:]) > 0, seen[:, 2:], np.nan)
        pixels: Floats = seen[:, :2] / depth
        return pixels


def fit_camera(places: Floats, xy: Floats) -> Camera:
    """Fit a camera to places (N,3) and their pixels (N,2) by the direct linear transformation.

    Minimizes the algebraic error of normalized points: exact on exact points, and close to the
    least error in pixels else. ``DatasetError`` for fewer than six points, or points (as in one
    plane) that leave the camera open. Hartley, Zisserman: Multiple View Geometry, 7.1.
    """
    if len(places) < LEAST:
        raise DatasetError(f"a camera wants {LEAST} landmarks or more, found {len(places)}")
    from_space, from_picture = normalizer(places), normalizer(xy)
    x = homogeneous(places) @ from_space.T
    u, v, _ = (homogeneous(xy) @ from_picture.T).T
    zero = np.zeros_like(x)
    rows = np.concatenate(
        [np.hstack([x, zero, -u[:, None] * x]), np.hstack([zero, x, -v[:, None] * x])]
    )
    _, strengths, directions = np.linalg.svd(rows)
    if strengths[-2] < DEGENERATE * strengths[0]:
        raise DatasetError("these landmarks lie so (as in one plane) that many cameras fit them")
    matrix = np.linalg.inv(from_picture) @ directions[-1].reshape(3, 4) @ from_space
    return Camera(matrix / np.linalg.norm(matrix))


def homogeneous(points: Floats) -> Floats:
    """Append a column of ones."""
    return np.column_stack([points, np.ones(len(points))])


def normalizer(points: Floats) -> Floats:
    """Make the map (D+1,D+1) that moves points (N,D) to the origin, √D away from it on average."""
    dimensions = points.shape[1]
    center = points.mean(axis=0)
    spread = float(np.linalg.norm(points - center, axis=1).mean())
    scale = np.sqrt(dimensions) / spread if spread > 0 else 1.0
    found = np.eye(dimensions + 1) * scale
    found[:-1, -1] = -scale * center
    found[-1, -1] = 1.0
    return found

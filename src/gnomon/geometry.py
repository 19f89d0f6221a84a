"""Where a pixel lies: the one pixel convention of gnomon, and affine maps between pixel grids.

Integer coordinates are pixel centers; (x, y), x to the right, y down. A grid of width W spans
-0.5 to W - 0.5. The image is what a viewer shows, EXIF orientation applied.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Affine:
    """An affine map of points: (x, y) to ``matrix[:, :2] @ (x, y) + matrix[:, 2]``."""

    matrix: Array

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, dtype=np.float64)
        if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
            raise ValueError(f"an affine map is a finite 2x3 matrix, not {self.matrix!r}")
        object.__setattr__(self, "matrix", matrix)

    def __repr__(self) -> str:
        return f"Affine({self.matrix.tolist()})"

    @classmethod
    def identity(cls) -> Self:
        """Leave every point where it is."""
        return cls(np.eye(2, 3))

    @classmethod
    def translation(cls, dx: float, dy: float) -> Self:
        """Move every point by (dx, dy) pixels."""
        return cls(np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]]))

    @classmethod
    def resize(cls, old: tuple[int, int], new: tuple[int, int]) -> Self:
        """Take points of a grid of size ``old`` (width, height) to that grid resized to ``new``.

        Outer edges meet outer edges, so the first pixel center moves:

        >>> Affine.resize((2, 2), (4, 4)).apply([[0.0, 0.0]])
        array([[0.5, 0.5]])
        """
        (sx, sy) = (new[0] / old[0], new[1] / old[1])
        return cls(np.array([[sx, 0.0, sx / 2 - 0.5], [0.0, sy, sy / 2 - 0.5]]))

    def then(self, after: "Affine") -> "Affine":
        """Apply this map first and ``after`` second, as one map."""
        linear = after.matrix[:, :2] @ self.matrix
        linear[:, 2] += after.matrix[:, 2]
        return Affine(linear)

    def inverse(self) -> "Affine":
        """Take the points back; a singular map raises ``numpy.linalg.LinAlgError``."""
        linear = np.linalg.inv(self.matrix[:, :2])
        return Affine(np.column_stack([linear, -linear @ self.matrix[:, 2]]))

    def apply(self, xy: object) -> Array:
        """Map points (N,2)."""
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        moved: Array = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved

    def apply_covariance(self, covariance: Array) -> Array:
        """Map covariances (N,2,2) px²; NaN stays NaN."""
        linear = self.matrix[:, :2]
        moved: Array = linear @ np.asarray(covariance, dtype=np.float64) @ linear.T
        return moved

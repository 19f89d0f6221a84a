"""The gray image and its gradients, by Scharr's operator."""

import numpy as np
from numpy.typing import NDArray

from gnomon.types import Image, Singles

Flags = NDArray[np.bool_]

LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
HALF, SIDE, MIDDLE = np.float32(1 / 2), np.float32(3 / 16), np.float32(10 / 16)
SMOOTHING = np.outer([SIDE, MIDDLE, SIDE], [SIDE, MIDDLE, SIDE]).astype(np.float32)
"""Scharr's smoothing along both axes (3,3)."""

MIN_ROUNDNESS = 0.1
"""4 det A / tr² A, 1 where edges of all directions weigh alike and 0 along an edge: the least."""


def gray_of(image: Image) -> Singles:
    """Return the luminance (H,W)."""
    return luminance(image.pixels.detach().cpu().numpy())


def luminance(rgb: Singles) -> Singles:
    """Return the luminance (h,w) of colors (3,h,w)."""
    red, green, blue = rgb
    gray: Singles = LUMINANCE[0] * red + LUMINANCE[1] * green + LUMINANCE[2] * blue
    return gray


def gradients(gray: Singles) -> Singles:
    """Differentiate (H,W) along x and y: (2,H,W), zero for the outermost pixels."""
    slopes = np.zeros((2, *gray.shape), dtype=np.float32)
    slopes[0, 1:-1, 1:-1], slopes[1, 1:-1, 1:-1] = _scharr(gray), _scharr(gray.T).T
    return slopes


def _scharr(gray: Singles) -> Singles:
    """Differentiate along x, inner pixels only.

    Opposite neighbors are added first, so that a mirrored image gives the same bits.
    """
    across = HALF * (gray[:, 2:] - gray[:, :-2])
    slope: Singles = SIDE * (across[:-2] + across[2:]) + MIDDLE * across[1:-1]
    return slope

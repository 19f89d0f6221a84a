"""Known changes of a photograph: where each point goes, and what the photograph becomes."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gnomon.extras import library
from gnomon.types import Floats

Rgb = NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height."""

SIDE = 320
"""Longer side of a photograph in pixels to which lengths below refer; they grow with it."""
TURN, SCALE, SHIFT = 15.0, (0.85, 1.15), 15.0
"""Most degrees, factors and pixels of a similarity."""
CORNER = 0.08
"""Furthest that a perspective moves a corner, a share of each side."""
LEAST = 8
"""Pixels of a side below which a photograph is continued before it is warped: OpenCV 5.0 does not
return from warping a single pixel."""
GAIN, NOISE = (0.8, 1.2), 4.0
"""Of a similarity: factors of light, and the standard deviation of the noise in gray levels."""


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """A ``homography`` (3,3) of file pixels, and a change of the colors (h,w,3) after it."""

    name: str
    homography: Floats
    recolor: Callable[[Floats], Floats]

    def apply(self, xy: Floats) -> Floats:
        """Return where points (N,2) go."""
        moved = np.c_[xy, np.ones(len(xy))] @ self.homography.T
        there: Floats = moved[:, :2] / moved[:, 2:]
        return there

    def jacobian(self, xy: Floats) -> Floats:
        """Return the derivative of ``apply`` at points (N,2): (N,2,2)."""
        there = self.apply(xy)
        depth = np.c_[xy, np.ones(len(xy))] @ self.homography[2]
        slopes: Floats = (
            self.homography[None, :2, :2] - there[:, :, None] * self.homography[None, None, 2, :2]
        ) / depth[:, None, None]
        return slopes

    def inverse(self) -> "Warp":
        """Return the way back, without a change of colors."""
        back = np.linalg.inv(self.homography).astype(np.float64)
        return Warp(self.name, back, _as_it_is)

    def picture(self, rgb: Rgb) -> Rgb:
        """Warp a photograph (h,w,3), bicubically; what lies beyond its border is mirrored."""
        values = rgb.astype(np.float64)
        if not np.array_equal(self.homography, np.eye(3)):
            cv2 = _opencv()
            height, width = rgb.shape[:2]
            more = [(0, max(LEAST - side, 0)) for side in (height, width)]
            padded = np.pad(rgb.astype(np.float32), [*more, (0, 0)], mode="reflect")
            values = cv2.warpPerspective(
                padded,
                self.homography,
                padded.shape[1::-1],
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REFLECT_101,
            )[:height, :width].astype(np.float64)
        warped: Rgb = np.rint(self.recolor(values).clip(0, 255)).astype(np.uint8)
        return warped


def similarity(size: Size, random: np.random.Generator) -> Warp:
    """Turn, scale and shift about the middle, then change the light and add noise."""
    angle = np.deg2rad(random.uniform(-TURN, TURN))
    scale = random.uniform(*SCALE)
    shift = random.uniform(-SHIFT, SHIFT, 2) * max(size) / SIDE
    gain, seed = random.uniform(*GAIN), int(random.integers(2**31))
    middle = (np.array(size) - 1) / 2
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    homography = np.eye(3)
    homography[:2, :2], homography[:2, 2] = turn, middle + shift - turn @ middle
    return Warp("similarity", homography, lambda rgb: _noisy(gain * rgb, NOISE, seed))


def perspective(size: Size, random: np.random.Generator) -> Warp:
    """Move each corner of the photograph by itself."""
    (width, height) = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    moved = corners + random.uniform(-CORNER, CORNER, (4, 2)) * size
    rows = []
    for (x, y), (u, v) in zip(corners, moved, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solved = np.linalg.solve(np.array(rows), moved.reshape(-1))
    return Warp("perspective", np.append(solved, 1.0).reshape(3, 3), _as_it_is)


def blur(size: Size, random: np.random.Generator) -> Warp:
    """Blur by a Gaussian of 0.5 to 1.5 pixels."""
    sigma = random.uniform(0.5, 1.5) * max(size) / SIDE
    return Warp("blur", np.eye(3), lambda rgb: gaussian_filter(rgb, (sigma, sigma, 0)))


def noise(size: Size, random: np.random.Generator) -> Warp:
    """Add noise of 5 to 15 gray levels."""
    level, seed = random.uniform(5, 15), int(random.integers(2**31))
    return Warp("noise", np.eye(3), lambda rgb: _noisy(rgb, level, seed))


def jpeg(size: Size, random: np.random.Generator) -> Warp:
    """Compress as JPEG of quality 20 to 60."""
    quality = int(random.integers(20, 61))

    def compress(rgb: Floats) -> Floats:
        buffer = BytesIO()
        PIL.Image.fromarray(np.rint(rgb).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
        return np.asarray(PIL.Image.open(buffer).convert("RGB")).astype(np.float64)

    return Warp("jpeg", np.eye(3), compress)


def light(size: Size, random: np.random.Generator) -> Warp:
    """Change gamma, gain and the balance of colors."""
    gamma = np.exp(random.uniform(-0.4, 0.4))
    gains = random.uniform(0.7, 1.1) * random.uniform(0.9, 1.1, 3)
    return Warp("light", np.eye(3), lambda rgb: 255 * (rgb.clip(0) / 255) ** gamma * gains)


WARPS: dict[str, Callable[[Size, np.random.Generator], Warp]] = {
    "similarity": similarity,
    "perspective": perspective,
    "blur": blur,
    "noise": noise,
    "jpeg": jpeg,
    "light": light,
}


def _noisy(rgb: Floats, level: float, seed: int) -> Floats:
    return rgb + np.random.default_rng(seed).normal(0, level, rgb.shape)


def _as_it_is(rgb: Floats) -> Floats:
    return rgb


def _opencv() -> Any:
    return library("cv2", "evaluation", "warping photographs")

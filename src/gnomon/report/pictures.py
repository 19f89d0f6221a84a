"""Photographs and maps as small files that a page can hold."""

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gnomon.figures import COLOR_MAP, color_span
from gnomon.geometry import Affine

PHOTOGRAPH_SIDE = 560
MAP_SIDE = 288
QUALITY = 78


@dataclass(frozen=True, slots=True)
class Colored:
    """A map as a WebP file, and the values that the ends of its colors stand for."""

    webp: bytes
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PlacedMap:
    """A colored map as an address, where it lies in the file, and the ends of its scale.

    ``box`` is x, y, width, height in file pixels.
    """

    source: str
    box: tuple[float, float, float, float]
    low: str
    high: str


def photograph(rgb: NDArray[np.uint8], side: int = PHOTOGRAPH_SIDE) -> bytes:
    """Write a picture (h,w,3), made smaller where it is longer than ``side``, as WebP."""
    return _webp(PIL.Image.fromarray(rgb), side)


def colored(values: NDArray[Any], side: int = MAP_SIDE) -> Colored:
    """Lay the perceptually uniform color map over a map (H,W), clipped as in the figures."""
    low, high = color_span(values)
    shares = np.clip((values - low) / (high - low), 0.0, 1.0)
    colors = _colors()[np.rint(shares * 255).astype(np.uint8)]
    return Colored(_webp(PIL.Image.fromarray(colors), side), low, high)


def placed(values: NDArray[Any], to_file: Affine) -> PlacedMap:
    """Color a map (H,W) and lay it where its pixels are in the file."""
    rows, columns = values.shape
    corners = to_file.apply([[-0.5, -0.5], [columns - 0.5, rows - 0.5]]).round(2)
    (left, top), (right, bottom) = corners.tolist()
    picture = colored(values)
    return PlacedMap(
        source=data_uri(picture.webp),
        box=(left, top, right - left, bottom - top),
        low=f"{picture.low:.2g}",
        high=f"{picture.high:.2g}",
    )


def data_uri(content: bytes, kind: str = "image/webp") -> str:
    """Put a file into an address, so that a page needs no other file."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def color_stops(count: int = 9) -> str:
    """Return the color map as the stops of a CSS gradient."""
    rows = _colors()[np.linspace(0, 255, count).astype(int)]
    return ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in rows.tolist())


@cache
def _colors() -> NDArray[np.uint8]:
    table = matplotlib.colormaps[COLOR_MAP](np.arange(256), bytes=True)[:, :3]
    return np.ascontiguousarray(table, dtype=np.uint8)


def _webp(picture: PIL.Image.Image, side: int) -> bytes:
    picture.thumbnail((side, side), PIL.Image.Resampling.LANCZOS)
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()

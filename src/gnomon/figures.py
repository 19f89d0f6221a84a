"""The paper's figure: image, coarse map, fine map, keypoints in red, annotations in green.

Draws arrays, knows nothing of the pipeline's types, and never touches matplotlib's global state.
Axes are file pixels, so maps of any model size lie where they belong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Ellipse
from numpy.typing import NDArray

from gnomon.geometry import Affine

COLOUR_MAP = "inferno"
KEYPOINT_COLOUR = "#ff2d2d"
LANDMARK_COLOUR = "#27e05a"
TITLE_LETTERS, PANEL_LETTERS, TICK_LETTERS = 15, 13, 10.5
"""In points; still legible where a paper shrinks five columns to its text's width."""
ELLIPSE_95 = 2 * np.sqrt(5.991)
AS_WRITTEN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""How a figure draws names: neither as mathtext nor as LaTeX, which are languages of commands."""
LONGEST_NAME = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One column: a picture (h,w,3) or a map (h,w), points on it, and what stands above it.

    ``to_file`` takes the picture's own pixels to file pixels. ``covariance`` (N,2,2) draws the 95 %
    ellipse of each of the ``keypoints`` (N,2) where it is finite.
    """

    title: str
    picture: NDArray[Any]
    to_file: Affine
    keypoints: Floats | None = None
    covariance: Floats | None = None
    landmarks: Floats | None = None


def drawable(name: str, most: int = LONGEST_NAME) -> str:
    r"""Make any name one line of ``most`` printable letters, as a figure can hold.

    >>> drawable("a\x00b\nc"), len(drawable("long " * 100))
    ('a?b c', 100)
    """
    joined = " ".join(name.split())
    shown = "".join(one if one.isprintable() else "?" for one in joined)
    return shown if len(shown) <= most else f"{shown[: most - 3]}..."


def method_panels(
    *,
    picture: NDArray[Any],
    picture_to_file: Affine,
    maps: Mapping[str, NDArray[Any]],
    map_to_file: Affine,
    keypoints: Floats,
    covariance: Floats,
    landmarks: Floats | None,
) -> list[Panel]:
    """Lay out the paper's Figure 2 for one image: ``maps`` by title, all points in file pixels."""
    panels = [
        Panel("image", picture, picture_to_file),
        *(Panel(title, values, map_to_file) for title, values in maps.items()),
        Panel("keypoints", picture, picture_to_file, keypoints=keypoints, covariance=covariance),
    ]
    if landmarks is not None:
        panels.append(Panel("annotations", picture, picture_to_file, landmarks=landmarks))
    return panels


def draw(panels: Sequence[Panel], size: tuple[int, int], title: str = "") -> Figure:
    """Draw panels side by side for a file of ``size`` (width, height) pixels."""
    width, height = size
    column = 3.0
    row = float(np.clip(column * height / width, 1.2, 6.0))
    headroom = 1.15 if title else 0.75
    figure = Figure(figsize=(column * len(panels), row + headroom), dpi=110, layout="constrained")
    if title:
        figure.suptitle(title, fontsize=TITLE_LETTERS, **AS_WRITTEN)
    grid = figure.subplots(1, len(panels), squeeze=False)
    for axes, panel in zip(grid[0], panels, strict=True):
        _draw_panel(axes, panel, size)
    return figure


def png(figure: Figure) -> bytes:
    """Render a figure as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def colour_span(values: NDArray[Any]) -> tuple[float, float]:
    """Give the values (H,W) that the ends of the colour map stand for; a few lie beyond them."""
    low, high = (float(end) for end in np.percentile(values, (1.0, 99.7)))
    return low, high if high > low else low + 1.0


def ellipses_95(covariance: Floats) -> tuple[Floats, Floats]:
    """Give the 95 % ellipses of covariances (N,2,2) px²: full axes (N,2) px, the longer first.

    The second array (N,) says how far the longer axis is turned from x towards y, in degrees.
    """
    values, vectors = np.linalg.eigh(covariance)
    sides: Floats = ELLIPSE_95 * np.sqrt(np.maximum(values, 0.0))[:, ::-1]
    angles: Floats = np.degrees(np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1]))
    return sides, angles


def _draw_panel(axes: Axes, panel: Panel, size: tuple[int, int]) -> None:
    rows, columns = panel.picture.shape[:2]
    corners = panel.to_file.apply([[-0.5, -0.5], [columns - 0.5, rows - 0.5]])
    (left, top), (right, bottom) = corners
    if panel.picture.ndim == 2:
        span = Normalize(*colour_span(panel.picture))
        shown = axes.imshow(panel.picture, COLOUR_MAP, span, extent=(left, right, bottom, top))
        _draw_scale(axes, shown)
    else:
        axes.imshow(panel.picture, extent=(left, right, bottom, top), interpolation="bilinear")
    axes.set_xlim(-0.5, size[0] - 0.5)
    axes.set_ylim(size[1] - 0.5, -0.5)
    axes.set_title(panel.title, fontsize=PANEL_LETTERS, **AS_WRITTEN)
    axes.set_axis_off()
    if panel.landmarks is not None:
        _mark(axes, panel.landmarks, marker="P", colour=LANDMARK_COLOUR, area=34)
    if panel.keypoints is not None:
        _mark(axes, panel.keypoints, marker="o", colour=KEYPOINT_COLOUR, area=22)
    if panel.keypoints is not None and panel.covariance is not None:
        _draw_ellipses(axes, panel.keypoints, panel.covariance)


def _draw_scale(axes: Axes, shown: AxesImage) -> None:
    """Draw the colours with the values at their ends and middle; no letter leaves the column."""
    low, high = shown.get_clim()
    values = (low, (low + high) / 2, high)
    below = axes.inset_axes((0.03, -0.06, 0.94, 0.03))
    bar = axes.figure.colorbar(shown, cax=below, orientation="horizontal")
    bar.set_ticks(values, labels=[f"{value:.2g}" for value in values])
    bar.ax.tick_params(labelsize=TICK_LETTERS, length=2)
    first, _, last = bar.ax.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    bar.outline.set_visible(False)


def _mark(axes: Axes, xy: Floats, *, marker: str, colour: str, area: float) -> None:
    axes.scatter(
        xy[:, 0], xy[:, 1], s=area, marker=marker, c=colour, edgecolors="w", linewidths=0.7
    )


def _draw_ellipses(axes: Axes, xy: Floats, covariance: Floats) -> None:
    known = np.isfinite(covariance).all(axis=(1, 2))
    sides, angles = ellipses_95(covariance[known])
    for centre, (major, minor), angle in zip(xy[known], sides, angles, strict=True):
        axes.add_patch(
            Ellipse(tuple(centre), major, minor, angle=angle, fill=False, ec="w", lw=0.8)
        )

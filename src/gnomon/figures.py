"""The paper's figure: image, coarse map, fine map, keypoints in red, annotations in green.

A keypoint's marker says what it sits on, its filling whether hiding it was seen to cost the class.

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

COLOR_MAP = "inferno"
KEYPOINT_COLOR = "#ff2d2d"
LANDMARK_COLOR = "#27e05a"
FITTED = ("corner", "blob")
"""Kinds that are fitted on both axes; an edge or a map's peak is not."""
TITLE_LETTERS, PANEL_LETTERS, TICK_LETTERS = 15, 13, 10.5
"""In points; still legible where a paper shrinks five columns to its text's width."""
LEGEND_ROW, ROWS_BESIDE_A_SCALE = 0.2, 2
"""Inches; and the rows for which there is room where maps have their scales."""
ELLIPSE_95 = 2 * np.sqrt(5.991)
AS_WRITTEN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""How a figure draws names: neither as mathtext nor as LaTeX, which are languages of commands."""
LONGEST_NAME = 100

Floats = NDArray[np.float64]
Strings = NDArray[np.str_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One column: a picture (h,w,3) or a map (h,w), points on it, and what stands above it.

    ``to_file`` takes the picture's own pixels to file pixels. ``covariance`` (N,2,2) draws the 95 %
    ellipse of each of the ``keypoints`` (N,2) where it is finite. ``kind`` (N,) and ``proved`` (N,)
    choose their markers; without ``proved``, as where none was hidden, all are filled.
    """

    title: str
    picture: NDArray[Any]
    to_file: Affine
    keypoints: Floats | None = None
    covariance: Floats | None = None
    landmarks: Floats | None = None
    kind: Strings | None = None
    proved: Flags | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How some keypoints are drawn, and what the legend says of them."""

    name: str
    marker: str
    filled: bool


def looks(kind: Strings, proved: Flags | None) -> list[tuple[Look, Flags]]:
    """Sort keypoints by their looks: each look that occurs, with the points (N,) that have it."""
    fitted = np.isin(kind, FITTED)
    groups = []
    for mine, name, marker in ((fitted, "corner or blob", "o"), (~fitted, "edge or map", "D")):
        if proved is None:
            groups.append((Look(name, marker, filled=True), mine))
        else:
            groups.append((Look(f"{name}, proved", marker, filled=True), mine & proved))
            groups.append((Look(f"{name}, not proved", marker, filled=False), mine & ~proved))
    return [(look, mine) for look, mine in groups if mine.any()]


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
    kind: Strings,
    proved: Flags | None,
    landmarks: Floats | None,
) -> list[Panel]:
    """Lay out the paper's Figure 2 for one image: ``maps`` by title, all points in file pixels."""
    points = Panel("keypoints", picture, picture_to_file, keypoints, covariance, None, kind, proved)
    panels = [
        Panel("image", picture, picture_to_file),
        *(Panel(title, values, map_to_file) for title, values in maps.items()),
        points,
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
    rows = max(len(_looks(panel)) for panel in panels)
    headroom += LEGEND_ROW * max(0, rows - ROWS_BESIDE_A_SCALE)
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


def color_span(values: NDArray[Any]) -> tuple[float, float]:
    """Return the values (H,W) that the ends of the color map stand for; a few lie beyond them."""
    low, high = (float(end) for end in np.percentile(values, (1.0, 99.7)))
    return low, high if high > low else low + 1.0


def ellipses_95(covariance: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % ellipses of covariances (N,2,2) px²: full axes (N,2) px, the longer first.

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
        span = Normalize(*color_span(panel.picture))
        shown = axes.imshow(panel.picture, COLOR_MAP, span, extent=(left, right, bottom, top))
        _draw_scale(axes, shown)
    else:
        axes.imshow(panel.picture, extent=(left, right, bottom, top), interpolation="bilinear")
    axes.set_xlim(-0.5, size[0] - 0.5)
    axes.set_ylim(size[1] - 0.5, -0.5)
    axes.set_title(panel.title, fontsize=PANEL_LETTERS, **AS_WRITTEN)
    axes.set_axis_off()
    axes.set_anchor("N")
    if panel.landmarks is not None:
        _mark(axes, panel.landmarks, marker="P", color=LANDMARK_COLOR, area=34)
    if panel.keypoints is not None:
        _mark_keypoints(axes, panel, panel.keypoints)
    if panel.keypoints is not None and panel.covariance is not None:
        _draw_ellipses(axes, panel.keypoints, panel.covariance)


def _draw_scale(axes: Axes, shown: AxesImage) -> None:
    """Draw the colors with the values at their ends and middle; no letter leaves the column."""
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


def _mark(axes: Axes, xy: Floats, *, marker: str, color: str, area: float) -> None:
    axes.scatter(xy[:, 0], xy[:, 1], s=area, marker=marker, c=color, edgecolors="w", linewidths=0.7)


def _looks(panel: Panel) -> list[tuple[Look, Flags]]:
    if panel.keypoints is None:
        return []
    kind = np.full(len(panel.keypoints), FITTED[0]) if panel.kind is None else panel.kind
    return looks(kind, panel.proved)


def _mark_keypoints(axes: Axes, panel: Panel, xy: Floats) -> None:
    """Draw each look, the best keypoints on top, and say below what it means."""
    for look, mine in reversed(_looks(panel)):
        face, edge = (KEYPOINT_COLOR, "w") if look.filled else ("w", KEYPOINT_COLOR)
        x, y = xy[mine].T
        width = 0.7 if look.filled else 1.3
        area = 22 if look.marker == "o" else 18
        axes.scatter(
            x,
            y,
            s=area,
            marker=look.marker,
            c=face,
            edgecolors=edge,
            linewidths=width,
            label=look.name,
            zorder=3,
        )
    if panel.kind is not None and len(xy):
        handles, names = axes.get_legend_handles_labels()
        legend = axes.legend(
            handles[::-1],
            names[::-1],
            loc="upper center",
            bbox_to_anchor=(0.5, -0.01),
            fontsize=TICK_LETTERS,
            frameon=False,
            handletextpad=0.1,
            borderpad=0.1,
            labelspacing=0.25,
        )
        for text in legend.get_texts():
            text.set(**AS_WRITTEN)


def _draw_ellipses(axes: Axes, xy: Floats, covariance: Floats) -> None:
    known = np.isfinite(covariance).all(axis=(1, 2))
    sides, angles = ellipses_95(covariance[known])
    for center, (major, minor), angle in zip(xy[known], sides, angles, strict=True):
        axes.add_patch(
            Ellipse(tuple(center), major, minor, angle=angle, fill=False, ec="w", lw=0.8)
        )

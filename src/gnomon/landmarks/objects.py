"""The salient landmarks of a class on one of its photographs, and on the projected mesh."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from gnomon.figures import AS_WRITTEN, KEYPOINT_COLOR, LANDMARK_COLOR, drawable
from gnomon.images.picture import Rgb
from gnomon.landmarks.histogram import Histogram
from gnomon.landmarks.matched import Landmark, Matched
from gnomon.landmarks.mesh import Projection
from gnomon.landmarks.names import named_lines
from gnomon.types import Floats

SALIENT_COLOR = "#ffe14d"
MESH_COLOR = "#4dd8ff"


LONGEST_NOTE = 40
"""Letters of a name beside its landmark, so that the picture keeps its place."""


def draw_object(
    histogram: Histogram, example: Matched, picture: Rgb, projection: Projection | None
) -> Figure:
    """Draw keypoints, landmarks and which went where; with a ``projection``, the mesh beside it.

    ``picture`` (h,w,3) is the example's file. The salient landmarks are starred and named, on the
    mesh those too that the photograph does not show.
    """
    height, width = picture.shape[:2]
    panels = 1 if projection is None else 2
    column = 6.0
    figure = Figure(
        figsize=(column * panels, float(np.clip(column * height / width, 2.5, 9.0)) + 1.1),
        dpi=110,
        layout="constrained",
    )
    lines = named_lines(histogram.salient, 70 * panels)
    figure.suptitle("\n".join([drawable(histogram.label), *lines]), fontsize=11, **AS_WRITTEN)
    grid = figure.subplots(1, panels, squeeze=False)[0]
    _draw_photograph(grid[0], histogram, example, picture)
    if projection is not None:
        _draw_mesh(grid[1], histogram, projection, picture)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4,
                  fontsize=8, frameon=False)  # fmt: skip
    return figure


def _draw_photograph(axes: Axes, histogram: Histogram, example: Matched, picture: Rgb) -> None:
    _show(axes, picture)
    marks = example.landmarks
    shown = marks.xy[marks.visible]
    links = [(example.xy[n], marks.xy[m]) for n, m in np.argwhere(example.assigned)]
    axes.add_collection(LineCollection(links, colors="w", linewidths=0.9, zorder=2))
    axes.scatter(shown[:, 0], shown[:, 1], s=30, marker="P", c=LANDMARK_COLOR, edgecolors="k",
                 linewidths=0.5, zorder=3, label="landmark")  # fmt: skip
    used = example.assigned.any(axis=1)
    for at, face, edge, label in (
        (example.xy[used], KEYPOINT_COLOR, "w", "keypoint at a landmark"),
        (example.xy[~used], "none", KEYPOINT_COLOR, "keypoint at none"),
    ):
        axes.scatter(at[:, 0], at[:, 1], s=20, marker="o", facecolors=face, edgecolors=edge,
                     linewidths=0.9, zorder=4, label=label,
                     path_effects=[withStroke(linewidth=2.2, foreground="w")])  # fmt: skip
    rows = np.flatnonzero(example.where(histogram.salient))
    stars = [Landmark(int(marks.ids[m]), marks.names[m]) for m in rows]
    _star(axes, marks.xy[rows], stars)
    axes.set_title(drawable(example.image.name), fontsize=9, **AS_WRITTEN)


def _draw_mesh(axes: Axes, histogram: Histogram, projection: Projection, picture: Rgb) -> None:
    _show(axes, (picture // 2 + 96).astype(np.uint8))
    lines = projection.xy[projection.edges]
    for color, width in (("k", 2.0), (MESH_COLOR, 1.0)):
        axes.add_collection(LineCollection(list(lines), colors=color, linewidths=width))
    _star(axes, projection.xy[[one.id - 1 for one in histogram.salient]], histogram.salient)
    axes.set_title(
        f"mesh {projection.mesh + 1}, {projection.error:.2g} px from the landmarks", fontsize=9
    )


def _show(axes: Axes, picture: NDArray[np.uint8]) -> None:
    axes.imshow(picture, interpolation="bilinear")
    axes.set_autoscale_on(False)
    axes.set_axis_off()


def _star(axes: Axes, xy: Floats, landmarks: Sequence[Landmark]) -> None:
    if not len(xy):
        return
    axes.scatter(xy[:, 0], xy[:, 1], s=230, marker="*", c=SALIENT_COLOR, edgecolors="k",
                 linewidths=1.0, zorder=7, label="most frequent landmark")  # fmt: skip
    together: dict[tuple[float, float], list[str]] = defaultdict(list)
    for (x, y), landmark in zip(xy.round(1).tolist(), landmarks, strict=True):
        together[x, y].append(drawable(str(landmark), LONGEST_NOTE))
    downwards = sorted(together.items(), key=lambda item: item[0][1])
    for number, (at, names) in enumerate(downwards):
        axes.annotate(
            "; ".join(names), at, (9, -14 if number % 2 else 7), textcoords="offset points",
            fontsize=9, weight="bold", color=SALIENT_COLOR,
            path_effects=[withStroke(linewidth=2.5, foreground="k")], zorder=6, **AS_WRITTEN,
        )  # fmt: skip

"""The histograms as a figure: all classes above, each class below."""

from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gnomon.figures import AS_WRITTEN, KEYPOINT_COLOR, drawable
from gnomon.landmarks.histogram import Histogram
from gnomon.landmarks.matched import Landmark
from gnomon.landmarks.names import named_lines
from gnomon.landmarks.salient import Salient

COLUMNS = 5
EVERY_NAME = 24
"""Up to so many landmarks, each has its name under the axis; of more, some have their id."""

LONGEST_TICK, MOST_LINES = 40, 5
_BAR = "#8794a8"


def draw_histograms(found: Salient) -> Figure:
    """Draw how many keypoints went to each landmark; the most frequent are red and starred."""
    columns = min(COLUMNS, len(found.classes))
    rows = -(-len(found.classes) // columns)
    landmarks = [one.landmark for one in found.overall.bins]
    named = len(landmarks) <= EVERY_NAME
    above = 3.2 if named else 2.4
    figure = Figure(
        figsize=(max(2.6 * columns, 7.0), above + 1.9 * rows), dpi=110, layout="constrained"
    )
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[above, *[1.9] * rows])
    whole = figure.add_subplot(grid[0, :])
    _draw(whole, found.overall, landmarks, width=100)
    if named:
        names = [drawable(str(one), LONGEST_TICK) for one in landmarks]
        whole.set_xticks(
            range(len(names)), names, rotation=40, ha="right", fontsize=7, **AS_WRITTEN
        )
    else:
        _tick(whole, landmarks, 26)
        whole.set_xlabel("landmark", fontsize=8)
    whole.set_ylabel("keypoints", fontsize=8)
    for number, histogram in enumerate(found.classes):
        axes = figure.add_subplot(grid[1 + number // columns, number % columns])
        _draw(axes, histogram, landmarks, width=40)
        _tick(axes, landmarks, 8)
    return figure


def _draw(axes: Axes, histogram: Histogram, landmarks: list[Landmark], width: int) -> None:
    place = {landmark: at for at, landmark in enumerate(landmarks)}
    hit = [one for one in histogram.bins if one.hits]
    top = [one for one in hit if one in histogram.top]
    axes.bar([place[one.landmark] for one in hit], [one.hits for one in hit], 0.85, color=_BAR)
    at, heights = [place[one.landmark] for one in top], [one.hits for one in top]
    edge, hatch = ("k", "////") if len(landmarks) <= EVERY_NAME else (KEYPOINT_COLOR, None)
    axes.bar(at, heights, 0.85, color=KEYPOINT_COLOR, edgecolor=edge, lw=0.6, hatch=hatch)
    axes.scatter(at, heights, marker="*", s=42, c="k", zorder=3, clip_on=False)
    axes.set_xlim(-1, len(landmarks))
    axes.set_ylim(0, max([1, *heights]) * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(labelsize=6, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(_title(histogram, width), fontsize=7, loc="left", **AS_WRITTEN)


def _title(histogram: Histogram, width: int) -> str:
    images = f"{histogram.n_images} image{'s' if histogram.n_images > 1 else ''}"
    head = f"{drawable(histogram.label, LONGEST_TICK)} ({images})"
    lines = [*wrap(head, width), *named_lines(histogram.salient, width)]
    rest = ["..."] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *rest])


def _tick(axes: Axes, landmarks: list[Landmark], most: int) -> None:
    step = -(-len(landmarks) // most) or 1
    at = np.arange(0, len(landmarks), step)
    axes.set_xticks(at, [str(landmarks[n].id) for n in at])

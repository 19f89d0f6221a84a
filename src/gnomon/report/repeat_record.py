"""repeat.json and repeat.png: which points of photographs are found again on their warps."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from gnomon.evaluation.repeatability import COUNT, TOLERANCES
from gnomon.evaluation.repeating import Repeated, Seen
from gnomon.figures import KEYPOINT_COLOR, png
from gnomon.report.evaluation_record import known
from gnomon.runs.store import LocalStore

FOUND = "#f0e442"
OUTSIDE = "#9a9a9a"


@dataclass(frozen=True, slots=True)
class _Look:
    """How the points of one outcome are drawn."""

    label: str
    marker: str
    color: str
    edge: str
    size: int


LOOKS = (
    _Look("not found again", "X", KEYPOINT_COLOR, "w", 64),
    _Look("found again", "o", FOUND, "k", 30),
    _Look("outside of the other picture: not counted", "X", OUTSIDE, "w", 40),
)


def write_repeat(folder: Path, repeated: Repeated) -> Path:
    """Write both files into ``folder``; return the picture's path, or the record's without one."""
    values = {
        "points": COUNT,
        "tolerances": TOLERANCES,
        "photographs": repeated.photographs,
        "rows": [asdict(row) for row in repeated.rows],
    }
    text = json.dumps(known(values), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with LocalStore(folder).together() as files:
        files.write("repeat.json", text.encode())
        if repeated.seen is not None:
            files.write("repeat.png", png(lines(repeated.seen)))
    return folder / ("repeat.json" if repeated.seen is None else "repeat.png")


def lines(seen: Seen) -> Figure:
    """Draw a photograph and its warp side by side, with a line for each point found again.

    Gray crosses are not counted: their true place lies outside of the other picture.
    """
    height, width = seen.picture.shape[:2]
    figure = Figure(figsize=(12, 6 * height / width + 1.0), dpi=100, layout="constrained")
    both = figure.subplots(1, 2)
    again = seen.again
    for axes, picture, points, rows, counts, title in (
        (both[0], seen.picture, seen.points, again.pairs[:, 0], again.stays, "photograph"),
        (both[1], seen.warped, seen.others, again.pairs[:, 1], again.comes, "warped"),
    ):
        found = np.isin(np.arange(len(points)), rows)
        axes.imshow(picture)
        axes.set_title(f"{title}: {found.sum()} of {counts.sum()} points found again")
        axes.set_axis_off()
        for look, chosen in zip(LOOKS, (counts & ~found, found, ~counts), strict=True):
            axes.scatter(
                *points.xy[chosen].T,
                s=look.size,
                c=look.color,
                marker=look.marker,
                edgecolors=look.edge,
                linewidths=0.8,
                label=look.label,
            )
    handles, names = both[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    for mine, other in again.pairs:
        figure.add_artist(
            ConnectionPatch(
                seen.points.xy[mine],
                seen.others.xy[other],
                "data",
                "data",
                axesA=both[0],
                axesB=both[1],
                color=FOUND,
                lw=0.8,
                alpha=0.7,
            )
        )
    return figure

"""repeat.json and repeat.png: which points of photographs are found again on their warps."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from gnomon.evaluation.repeatability import COUNT, TOLERANCES
from gnomon.evaluation.repeating import Repeated, Seen
from gnomon.figures import KEYPOINT_COLOUR, png
from gnomon.report.evaluation_record import known
from gnomon.runs.store import LocalStore

FOUND = "#f0e442"


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
    """Draw a photograph and its warp side by side, with a line for each point found again."""
    height, width = seen.picture.shape[:2]
    figure = Figure(figsize=(12, 6 * height / width + 1.0), dpi=100, layout="constrained")
    both = figure.subplots(1, 2)
    for axes, picture, points, rows, title in (
        (both[0], seen.picture, seen.points, seen.pairs[:, 0], "photograph"),
        (both[1], seen.warped, seen.others, seen.pairs[:, 1], "warped"),
    ):
        again = np.isin(np.arange(len(points)), rows)
        axes.imshow(picture)
        axes.set_title(f"{title}: {again.sum()} of {len(points)} points matched")
        axes.set_axis_off()
        x, y = points.xy[~again].T
        missed = {
            "marker": "X",
            "c": KEYPOINT_COLOUR,
            "edgecolors": "w",
            "label": "not found again",
        }
        axes.scatter(x, y, s=64, linewidths=0.8, **missed)
        x, y = points.xy[again].T
        met = {"marker": "o", "c": FOUND, "edgecolors": "k", "label": "found again"}
        axes.scatter(x, y, s=30, linewidths=0.8, **met)
    handles, names = both[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
    for mine, other in seen.pairs:
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

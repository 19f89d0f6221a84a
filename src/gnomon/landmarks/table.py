"""The table of the most salient landmark of each class, laid out as the paper's."""

from textwrap import wrap

from matplotlib.figure import Figure

from gnomon.figures import AS_WRITTEN, drawable
from gnomon.landmarks.histogram import Histogram
from gnomon.landmarks.names import named_lines
from gnomon.landmarks.salient import Salient

COLUMNS = 5
_CELL = 2.1
_HEADER = 0.9
_LINE = 0.19
_CHARACTERS = 27


def draw_table(found: Salient) -> Figure:
    """Draw class over landmark, five classes a row; below, the most frequent landmark of all."""
    columns = min(COLUMNS, len(found.classes))
    rows = [found.classes[n : n + columns] for n in range(0, len(found.classes), columns)]
    last = _overall(found.overall, int(_CHARACTERS * (columns + 0.4)))
    cells = [
        [(_lines(one.label), named_lines(one.salient, _CHARACTERS)) for one in row] for row in rows
    ]
    heights = [
        [max(len(cell[line]) for cell in row) * _LINE + 0.1 for line in (0, 1)] for row in cells
    ]
    width = _HEADER + _CELL * columns
    height = sum(map(sum, heights)) + len(last) * _LINE + 0.3
    figure = Figure(figsize=(width, height), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    y = 0.08
    for row, (upper, lower) in zip(cells, heights, strict=True):
        axes.plot((0.08, width - 0.08), (y, y), color="k", lw=1.0)
        for line, (top, deep) in enumerate(((y, upper), (y + upper, lower))):
            axes.text(
                0.12, top + deep / 2, ("Class", "Landmark")[line], fontsize=8, style="italic",
                va="center",
            )  # fmt: skip
            for column, cell in enumerate(row):
                axes.text(
                    _HEADER + _CELL * (column + 0.5), top + deep / 2, "\n".join(cell[line]),
                    fontsize=8, weight=("bold", "normal")[line], ha="center", va="center",
                    **AS_WRITTEN,
                )  # fmt: skip
        axes.plot((0.08, width - 0.08), (y + upper, y + upper), color="0.75", lw=0.5)
        y += upper + lower
    axes.plot((0.08, width - 0.08), (y, y), color="k", lw=1.0)
    axes.text(0.12, y + 0.08, "\n".join(last), fontsize=8, va="top", **AS_WRITTEN)
    return figure


def _lines(label: str) -> list[str]:
    name = drawable(label)
    return wrap(name, _CHARACTERS) or [name]


def _overall(histogram: Histogram, width: int) -> list[str]:
    images = f"{histogram.n_images} image{'s' if histogram.n_images > 1 else ''}"
    told = f": {histogram.top[0].hits} keypoints each" if histogram.top else ""
    head = f"Most frequent over all, in {images}{told}"
    return [*wrap(head, width), *named_lines(histogram.salient, width)]

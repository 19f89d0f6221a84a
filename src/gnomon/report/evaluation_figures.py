"""The pictures of an evaluation: methods over budgets, maps under shuffling, two games."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnomon.evaluation import Evaluation, Sanity
from gnomon.evaluation.methods import GNOMON
from gnomon.evaluation.sanity import GAMES
from gnomon.figures import AS_WRITTEN, drawable

Dash = str | tuple[int, tuple[float, ...]]

METHOD_COLORS = (
    "#d55e00",
    "#0072b2",
    "#009e73",
    "#8c8c8c",
    "#000000",
    "#e69f00",
    "#cc79a7",
    "#56b4e9",
)
"""Okabe and Ito's, which color-blind people tell apart, with a gray in place of the yellow."""
METHOD_MARKERS = "oDsXP^v<>hp"
METHOD_DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))

LOOKS = {
    "confidence": ("#d55e00", "o"),
    "fine": ("#009e73", "s"),
    "coarse": ("#0072b2", "D"),
    "random squares": ("#8c8c8c", "X"),
    "random pixels": ("#000000", "^"),
    "keypoints": ("#d55e00", "o"),
    "any point": ("#8c8c8c", "X"),
}
"""Color and marker: no line is told from another by color alone."""


@dataclass(frozen=True, slots=True)
class MethodLook:
    """How a method's line is drawn."""

    color: str
    marker: str
    dash: Dash


def method_look(number: int) -> MethodLook:
    """Return the look of a method, counted from 0: any two of 40 differ in two ways at least."""
    return MethodLook(
        METHOD_COLORS[number % len(METHOD_COLORS)],
        METHOD_MARKERS[number % len(METHOD_MARKERS)],
        METHOD_DASHES[number % len(METHOD_DASHES)],
    )


def budgets_figure(evaluation: Evaluation) -> Figure:
    """Draw F1 over the number of points an image, a panel for each tolerance."""
    figure = _figure(width=3.2 * len(evaluation.alphas) + 1.9, height=3.3)
    row = figure.subplots(1, len(evaluation.alphas), sharey=True, squeeze=False)[0]
    for axes, alpha in zip(row, evaluation.alphas, strict=True):
        for number, method in enumerate(evaluation.methods):
            cells = [method.at(budget, alpha).f1 for budget in evaluation.budgets]
            values = np.array([cell.value for cell in cells])
            bold = method.method == GNOMON
            look = method_look(number)
            axes.plot(
                evaluation.budgets,
                values,
                marker=look.marker,
                color=look.color,
                ls=look.dash,
                label=drawable(method.method),
                lw=2.4 if bold else 1.2,
                ms=6 if bold else 4.5,
            )
            if bold:
                low, high = ([getattr(cell, end) for cell in cells] for end in ("low", "high"))
                axes.fill_between(evaluation.budgets, low, high, color=look.color, alpha=0.15, lw=0)
        axes.set(title=rf"$\alpha$ = {alpha:g}", xlabel="points an image", ylim=(0, 1))
        axes.set_xticks(evaluation.budgets)
        axes.grid(alpha=0.25)
    row[0].set_ylabel("F1")
    names = figure.legend(
        *row[0].get_legend_handles_labels(), loc="outside right center", frameon=False
    )
    for name in names.get_texts():
        name.set(**AS_WRITTEN)
    return figure


def shuffling_figure(sanity: Sanity) -> Figure:
    """Draw how alike the maps stay, and how many points survive, over the layers shuffled."""
    figure = _figure(width=11.5, height=3.3)
    ranks, ssim, points = figure.subplots(1, 3)
    layers = [0, *(stage.layers for stage in sanity.stages)]
    kinds = [change.kind for change in sanity.stages[0].changes]
    for number, kind in enumerate(kinds):
        changes = [stage.changes[number] for stage in sanity.stages]
        for axes, values in (
            (ranks, [change.rank_correlation for change in changes]),
            (ssim, [change.ssim for change in changes]),
        ):
            _line(axes, layers, [1.0, *values], kind)
    _line(points, layers, [1.0, *(stage.survived for stage in sanity.stages)], "keypoints")
    by_chance = [stage.by_chance for stage in sanity.stages]
    _line(points, layers[1:], by_chance, "any point")
    for axes, title in (
        (ranks, "rank correlation with the clean map"),
        (ssim, "SSIM with the clean map"),
        (points, "share of points that survive"),
    ):
        axes.set(title=title, xlabel=f"last layers shuffled, of {sanity.layers}")
        axes.set_ylim(min(-0.05, axes.get_ylim()[0]), 1.05)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, fontsize=8)
    return figure


def games_figure(sanity: Sanity) -> Figure:
    """Draw the probability of the class while pixels go in, and while they go out."""
    figure = _figure(width=9.5, height=3.3)
    row = figure.subplots(1, 2, sharey=True)
    titles = {"insertion": "pixels put in (higher is better)", "deletion": "taken out (lower)"}
    for axes, game in zip(row, GAMES, strict=True):
        curves = [curve for curve in sanity.curves if curve.game == game]
        for curve in curves:
            _line(axes, curve.fractions, curve.probability, curve.order)
        axes.set(title=titles[game], xlabel="share of the pixels", ylim=(0, 1))
        axes.grid(alpha=0.25)
    row[0].set_ylabel("probability of the class")
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    return figure


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=160, layout="constrained")


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], name: str) -> None:
    color, marker = LOOKS[name]
    axes.plot(x, y, color=color, marker=marker, label=name, lw=1.6, ms=4)

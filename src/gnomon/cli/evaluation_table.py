"""What `gnomon evaluate` says at its end."""

from rich import box
from rich.table import Table

from gnomon.evaluation import Consistency, Evaluation, PartRegression
from gnomon.evaluation.bootstrap import Interval
from gnomon.evaluation.evaluate import HEADLINE_ALPHA, HEADLINE_BUDGET


def evaluation_table(evaluation: Evaluation) -> Table:
    """Put the methods side by side at the headline's budget and tolerance."""
    row = evaluation.budgets.index(HEADLINE_BUDGET)
    table = Table(
        box=box.SIMPLE,
        show_edge=False,
        title=f"{evaluation.images} images, {HEADLINE_BUDGET} points, alpha {HEADLINE_ALPHA}",
    )
    table.add_column("method")
    inside = bool(evaluation.methods[0].inside)
    shares_of = ("recall",) if evaluation.edited else ("precision", "recall", "F1")
    for name in ("points", *shares_of, *(["inside a part"] if inside else [])):
        table.add_column(name, justify="right")
    for method in evaluation.methods:
        cell = method.at(HEADLINE_BUDGET, HEADLINE_ALPHA)
        shares = [cell.recall] if evaluation.edited else [cell.precision, cell.recall, cell.f1]
        if inside:
            shares.append(method.inside[row].share)
        table.add_row(method.method, f"{method.given[row]:.1f}", *map(_shown, shares))
    return table


def consistency_table(found: Consistency) -> Table:
    """Put the parts beside clusters by position: how well each agrees with the annotated parts."""
    table = Table(box=box.SIMPLE, show_edge=False, title=f"parts, {found.images} images")
    table.add_column("")
    for name in ("points", "purity", "NMI", "AMI"):
        table.add_column(name, justify="right")
    for name, one in (
        ("parts", found.parts),
        ("position in the box", found.position),
        ("parts, near an annotated one", found.parts_near),
        ("position, near an annotated one", found.position_near),
    ):
        shown = [f"{value:.3f}" for value in (one.purity, one.nmi, one.ami)]
        table.add_row(name, str(one.points), *shown)
    return table


def regression_table(found: PartRegression) -> Table:
    """Describe how far annotated points lie from what a linear map of the parts predicts."""
    title = f"annotated points from parts, learnt on {found.learnt}, {found.measured} images"
    table = Table(box=box.SIMPLE, show_edge=False, title=title)
    table.add_column("from")
    for name in ("points", "of the image", "of the box"):
        table.add_column(name, justify="right")
    for name, one in (
        ("parts", found.parts),
        ("middle and spread", found.position),
        ("mean shape", found.mean_shape),
    ):
        table.add_row(name, str(one.points), f"{one.by_image:.3f}", f"{one.by_box:.3f}")
    return table


def _shown(interval: Interval) -> str:
    return f"{interval.value:.3f}"

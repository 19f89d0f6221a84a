"""What `gnomon repeat` says when it is done."""

from collections.abc import Sequence
from math import isnan

from rich import box
from rich.table import Table

from gnomon.evaluation.bootstrap import Interval
from gnomon.evaluation.repeatability import TOLERANCES, Repeatability

SURE = 2.0
"""The tolerance whose interval is shown."""


def repeat_table(rows: Sequence[Repeatability]) -> Table:
    """Show the share found again by method and kind of warp, within each tolerance."""
    table = Table(
        box=box.SIMPLE,
        show_edge=False,
        padding=(0, 1, 0, 0),
        caption="share of the best 15 points found again within so many pixels, with the 95 %"
        " interval at 2 px; median error in px; held: share of errors inside the 95 %"
        " ellipse; known: share of the points found again that have an ellipse",
    )
    for name in ("warp", "method"):
        table.add_column(name, no_wrap=True)
    for name in (*(f"{one:g} px" for one in TOLERANCES), "error", "held", "known", "pairs"):
        table.add_column(name, justify="right", no_wrap=True)
    last = ""
    for row in rows:
        if row.warp != last and last:
            table.add_section()
        shares = [
            _with_interval(one) if within == SURE else f"{one.value:.2f}"
            for within, one in zip(TOLERANCES, row.found, strict=True)
        ]
        name = row.warp if row.warp != last else ""
        numbers = (_shown(one) for one in (row.error, row.held, row.known))
        table.add_row(name, row.method, *shares, *numbers, str(row.pairs))
        last = row.warp
    return table


def _with_interval(share: Interval) -> str:
    return f"{share.value:.2f} ({share.low:.2f}-{share.high:.2f})"


def _shown(value: float) -> str:
    return "-" if isnan(value) else f"{value:.2f}"

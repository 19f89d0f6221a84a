"""What `gnomon salient` says when it is done."""

from rich import box
from rich.table import Table

from gnomon.cli.naming import naming
from gnomon.cli.terminal import plain
from gnomon.landmarks import Salient
from gnomon.landmarks.names import named


def salient_table(found: Salient) -> Table:
    """Show the most frequent landmarks of each class and of all, all of them with a tie."""
    table = Table(box=box.SIMPLE, show_edge=False)
    for name in ("class", "most frequent landmark"):
        table.add_column(name, overflow="fold")
    for name in ("keypoints", "images"):
        table.add_column(name, justify="right")
    for one in (*found.classes, found.overall):
        if one is found.overall:
            table.add_section()
        hits = str(one.top[0].hits) if one.top else "0"
        table.add_row(plain(one.label), plain(named(one.salient)), hits, str(one.n_images))
    return table


def left_out(found: Salient) -> list[str]:
    """Count and name what was not counted: a line for each reason."""
    reasons = (
        (found.unknown, "not in the data set as they were seen"),
        (found.bare, "without a visible landmark or part"),
    )
    return [naming(paths, what) for paths, what in reasons if paths]

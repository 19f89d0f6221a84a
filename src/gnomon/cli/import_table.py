"""What `gnomon import` says when it is done."""

from pathlib import Path

from rich import box
from rich.table import Table

from gnomon.corrections import Corrections
from gnomon.datasets.left_out import named


def import_table(found: Corrections) -> Table:
    """Count images and points: kept, moved, deleted, added, and the clicks saved."""
    changes = found.changes
    cells = {
        "images": len(found.images),
        "kept": changes.kept,
        "moved": changes.moved,
        "deleted": changes.deleted,
        "added": changes.added,
        "clicks": changes.clicks,
        "by hand": changes.n_points,
        "clicks saved": changes.clicks_saved,
    }
    table = Table(box=box.SIMPLE, show_edge=False)
    for name in cells:
        table.add_column(name, justify="right")
    table.add_row(*map(str, cells.values()))
    return table


def left_out(found: Corrections) -> str:
    """Count the images of the file that are not in the run, and name the first five."""
    return (
        f"images of the file that are not in the run: {len(found.unknown)}, {named(found.unknown)}"
    )


def annotators(found: Corrections) -> str:
    """Describe from whom images were taken, and how many of them had several annotators."""
    each = ", ".join(f"{name} {count}" for name, count in found.annotators.items())
    chosen = (
        f"; of {found.n_chosen} with several annotators, the ground truth or else the newest"
        if found.n_chosen
        else ""
    )
    return f"images by annotator: {each or 'none is named'}{chosen}"


def unnamed(file: Path) -> str:
    """Explain that a file does not tell which run it came from."""
    return (
        f"{file} names no run, as a file of an earlier gnomon or of a tool that drops it; it is"
        " taken for this run's by its images and points"
    )

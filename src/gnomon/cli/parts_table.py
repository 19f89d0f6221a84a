"""What `gnomon parts` says when it is done."""

import numpy as np
from rich import box
from rich.table import Table

from gnomon.cli.terminal import plain
from gnomon.parts import PartModel
from gnomon.runs import Run


def parts_table(run: Run, model: PartModel) -> Table:
    """Show how often each part was found, and its mirror image."""
    part = run.keypoints["part"].to_numpy()
    images = run.keypoints["image_id"].to_numpy(zero_copy_only=False)
    table = Table(box=box.SIMPLE, show_edge=False)
    table.add_column("part")
    for name in ("keypoints", "images"):
        table.add_column(name, justify="right")
    table.add_column("mirror image")
    for number, name in enumerate(model.names):
        mine = part == number
        twin = model.twin(number)
        said = "" if twin < 0 else "itself" if twin == number else model.names[twin]
        seen = len(np.unique(images[mine]))
        table.add_row(plain(name), str(mine.sum()), str(seen), plain(said))
    table.add_section()
    table.add_row("none", str((part < 0).sum()), "", "")
    return table

"""The table that closes a run."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gnomon.classifier.certainty import unsure_note
from gnomon.cli.terminal import plain
from gnomon.runs import RunInfo


def closing_table(info: RunInfo, n_unsure: int, seconds: float, idle: float) -> RenderableType:
    """Sum a run up: images, unsure ones, keypoints, failures, seconds, how much the device waited.

    It says which class the keypoints are for where that is not the predicted one, and what it
    means that the classifier is unsure.
    """
    table = Table(box=box.SIMPLE, show_edge=False)
    for name in ("images", "unsure", "keypoints", "failures", "seconds", "device idle"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{info.n_images}",
        f"{n_unsure}",
        f"{info.n_keypoints}",
        f"{info.n_failures}",
        f"{seconds:.1f}",
        f"{idle:.1%}",
    )
    aim = f"Keypoints {info.settings.aim}." if info.settings.aim else ""
    note = unsure_note(n_unsure, info.n_images, info.classifier, info.n_classes)
    before, after = ([Text(plain(said))] if said else [] for said in (aim, note))
    return Group(*before, table, *after)

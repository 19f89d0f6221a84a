"""The table that closes a run."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from gnomon.cli.console import plain
from gnomon.runs import RunInfo


def closing_table(info: RunInfo, seconds: float, idle: float) -> RenderableType:
    """Sum a run up: images, keypoints, failures, seconds, and how much the device waited.

    It says which class the keypoints are for where that is not the predicted one.
    """
    table = Table(box=box.SIMPLE, show_edge=False)
    for name in ("images", "keypoints", "failures", "seconds", "device idle"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{info.n_images}",
        f"{info.n_keypoints}",
        f"{info.n_failures}",
        f"{seconds:.1f}",
        f"{idle:.1%}",
    )
    if not info.settings.aim:
        return table
    return Group(plain(f"Keypoints {info.settings.aim}."), table)

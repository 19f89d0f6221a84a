"""The table that closes a training."""

from rich import box
from rich.table import Table

from gnomon.cli.terminal import plain
from gnomon.training import Confusion, TrainingInfo

MOST_COLUMNS = 12


def training_table(confusion: Confusion) -> Table:
    """Show each class's accuracy on the test split, with the confusion matrix where it fits."""
    names = confusion.class_names
    table = Table(
        box=box.SIMPLE,
        show_edge=False,
        collapse_padding=True,
        pad_edge=False,
        title="test split",
        title_justify="left",
    )
    table.add_column("#", justify="right")
    table.add_column("class", no_wrap=True, max_width=22)
    table.add_column("images", justify="right", no_wrap=True)
    table.add_column("right", justify="right", no_wrap=True)
    columns = range(len(names)) if len(names) <= MOST_COLUMNS else ()
    for column in columns:
        table.add_column(f"{column}", justify="right", style="dim")
    if not columns:
        table.add_column("most often mistaken for")
    for row, (name, share) in enumerate(zip(names, confusion.per_class, strict=True)):
        counts = confusion.counts[row]
        rest = [f"{counts[column] or ''}" for column in columns]
        rest = rest if columns else [plain(confusion.mistaken_for(row))]
        table.add_row(f"{row}", plain(name), f"{counts.sum()}", f"{share:.1%}", *rest)
    return table


def counts_line(info: TrainingInfo) -> str:
    """Sum a training up in a sentence or two."""
    without = f", {info.n_without_label} without a label" if info.n_without_label else ""
    return (
        f"{info.test_accuracy:.1%} of {info.n_test} test images right"
        f" (validation {info.validation_accuracy:.1%} of {info.n_validation}); trained on"
        f" {info.n_train} images{without}; best epoch {info.best_epoch} of {info.epochs};"
        f" {info.seconds:.0f} s"
    )

"""`gnomon report`: a page to look at and to send, or figures for a paper."""

from pathlib import Path
from typing import Literal

import tyro

from gnomon.cli.access import Access, absences
from gnomon.cli.outcome import Outcome


def report(
    run: tyro.conf.Positional[Path],
    /,
    *,
    format: Literal["html", "png", "svg", "pdf"] = "html",
    dataset: str | None = None,
    recompute: bool = False,
    model: str | None = None,
    weights: Path | None = None,
    access: Access = Access(),
    plug: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    quiet: bool = False,
) -> Outcome:
    """Write report.html into a run, one file that needs no other, or its figures for a paper.

    Maps are shown where detect kept them (--save-heatmaps); elsewhere the figure that it drew.

    Example: gnomon report runs/demo

    Args:
        run: The folder that `gnomon detect --out` wrote.
        format: The page, or a figure of each image as PNG, SVG or PDF in figures/.
        dataset: The data set as kind:FOLDER whose annotated points are drawn beside.
        recompute: Compute the maps again where the run kept none.
        model: Where the run's classifier is now, if its name in the run does not lead to it.
        weights: A weights file for the model, where its own cannot be fetched.
        access: Where the run's photographs are, and what may be fetched.
        plug: A package.module:name that the run names and that may be imported; may be repeated.
        quiet: Show no progress.
    """
    from gnomon.cli.progress import Progress
    from gnomon.cli.terminal import print_path
    from gnomon.report import known_landmarks, write_figures, write_report
    from gnomon.runs import read_run, rebuild_detector
    from gnomon.runs.findings import read_evaluation
    from gnomon.runs.rebuild import Trust
    from gnomon.runs.store import open_store

    recorded = read_run(run)
    photographs = access.photographs()
    landmarks = known_landmarks(recorded, dataset)
    detector = (
        rebuild_detector(
            recorded.info, model=model, weights=weights, trust=Trust(plug, access.fetch)
        )
        if recompute
        else None
    )
    with Progress(recorded.images.num_rows, quiet=quiet) as progress:
        if dataset is None and (evaluated := read_evaluation(open_store(run))):
            progress.say(
                f"evaluated on {evaluated.dataset}; to draw its annotated points: --dataset"
            )
        if format == "html":
            written = write_report(recorded, landmarks, detector, progress.image_done, photographs)
        else:
            write_figures(recorded, format, landmarks, detector, progress.image_done, photographs)
            written = recorded.folder / "figures"
        for line in absences(photographs.absent):
            progress.say(line)
    print_path(written)
    return Outcome(written)

"""`gnomon export`: a run's keypoints in the format of another tool."""

from pathlib import Path

import tyro

from gnomon.cli.access import Access, absences
from gnomon.cli.outcome import Outcome


def export(
    run: tyro.conf.Positional[str],
    /,
    *,
    format: str,
    out: Path,
    min_score: float | None = None,
    top: int | None = None,
    proved: bool = False,
    review: Path | None = None,
    limit: int | None = None,
    access: Access = Access(),
    quiet: bool = False,
) -> Outcome:
    """Write a run's keypoints for an annotation tool, a trainer or a table.

    Example: gnomon export runs/first --format label-studio --out first-tasks

    Args:
        run: The folder that `gnomon detect --out` wrote.
        format: Which: coco, coco-results, cvat, cvat-skeleton, label-studio, fiftyone, yolo,
            deeplabcut, hf, csv, parquet, json, h5, colmap, or package.module:name. docs/interop.md
            says what each holds.
        out: The file or folder to write; a file without an ending gets its format's.
        min_score: Leave out keypoints below this score.
        top: Keep at most so many of the best keypoints of each image.
        proved: Leave out keypoints that hiding was not seen to cost the class anything.
        review: Only what a person accepted, moved or added: review.jsonl, or the run's folder.
        limit: Try it: export the first so many images of the run.
        access: Where the run's photographs are, and what may be fetched.
        quiet: Say nothing.
    """
    from gnomon.cli.ending import check_limit, opening, wrote
    from gnomon.cli.terminal import plain, terminal
    from gnomon.corrections.read_back import TOOLS
    from gnomon.export import export_run

    check_limit(limit)
    done = export_run(
        run,
        format,
        out,
        min_score=min_score,
        top=top,
        proved=proved,
        review=review,
        photographs=access.photographs(run),
        limit=limit,
    )
    console = terminal(errors=True)
    for line in absences(done.absent):
        console.print(f"left out: {plain(line)}", soft_wrap=True)
    if not quiet:
        said = f"{done.n_points} keypoints of {done.n_images} images"
        if done.n_left_out:
            said += f"; {done.n_left_out} keypoints of no part left out, as {format} has no place"
        console.print(said, soft_wrap=True)
    back = ("gnomon", "import", run, "CORRECTED", "--format", format, "--out", "corrected")
    wrote(done.path, back if format in TOOLS else opening(done.path), quiet=quiet)
    return Outcome(done.path, n_done=done.n_images, n_failed=len(done.absent))

"""`gnomon import`: keypoints that a person corrected in another tool, back as landmarks."""

from pathlib import Path

import tyro

from gnomon.cli.access import Access, absences
from gnomon.cli.outcome import Outcome


def import_(
    run: tyro.conf.Positional[str],
    annotations: tyro.conf.Positional[Path],
    /,
    *,
    format: str,
    out: Path,
    min_score: float | None = None,
    top: int | None = None,
    proved: bool = False,
    review: Path | None = None,
    access: Access = Access(),
    quiet: bool = False,
) -> Outcome:
    """Read corrected keypoints back as a data set, and count what was moved, deleted and added.

    Example: gnomon import runs/first corrected.json --format label-studio --out corrected

    Then: gnomon salient runs/first --dataset corrected:corrected

    Args:
        run: The run that was exported.
        annotations: The file that the tool gave.
        format: Which: coco, cvat or label-studio.
        out: The folder to write: landmarks.json, a data set of kind corrected, and changes.json.
        min_score: As it was exported.
        top: As it was exported.
        proved: As it was exported.
        review: As it was exported.
        access: Where the run's photographs are, and what may be fetched.
        quiet: Show no table.
    """
    from gnomon.cli.ending import wrote
    from gnomon.cli.import_table import annotators, import_table, left_out, unnamed
    from gnomon.cli.terminal import plain, terminal
    from gnomon.corrections import read_corrections, write_corrections
    from gnomon.export import open_contents

    photographs = access.photographs(run)
    contents = open_contents(
        run, min_score=min_score, top=top, proved=proved, review=review, photographs=photographs
    )
    found = read_corrections(contents, format, annotations)
    write_corrections(found, contents, out)
    console = terminal(errors=True)
    for line in absences(photographs.absent):
        console.print(plain(line), soft_wrap=True)
    if found.unknown:
        console.print(plain(left_out(found)), soft_wrap=True)
    if not found.of_this_run:
        console.print(plain(unnamed(annotations)), soft_wrap=True)
    if found.annotators or found.n_chosen:
        console.print(plain(annotators(found)), soft_wrap=True)
    if not quiet:
        console.print(import_table(found))
    wrote(out, ("gnomon", "salient", run, "--dataset", f"corrected:{out}"), quiet=quiet)
    return Outcome(out)

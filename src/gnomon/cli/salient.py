"""`gnomon salient`: which landmark, annotated or found as a part, each class is found by."""

from pathlib import Path

import tyro

from gnomon.cli.access import Access, absences
from gnomon.cli.outcome import Outcome


def salient(
    run: tyro.conf.Positional[Path],
    *,
    dataset: str | None = None,
    alpha: float = 0.1,
    access: Access = Access(),
    quiet: bool = False,
) -> Outcome:
    """Write the landmark that each class of a run is most often found by.

    Without --dataset, the parts that `gnomon parts` found in the run stand for landmarks.

    Example: gnomon salient runs/cars --dataset fg3dcar:cars/

    Args:
        run: The folder that `gnomon detect --out` wrote.
        dataset: The annotated data set that the run's images come from, as kind:FOLDER; none: the
            run's own parts.
        alpha: How far a keypoint may lie from its landmark, in units of the object's size.
        access: Where the run's photographs are, and what may be fetched; with --dataset, its
            photographs are drawn.
        quiet: Show no progress and no table.
    """
    from gnomon.cli.progress import Progress
    from gnomon.cli.salient_table import left_out, salient_table
    from gnomon.cli.terminal import print_path, terminal
    from gnomon.datasets import open_dataset
    from gnomon.datasets.fg3dcar import read_car_meshes
    from gnomon.landmarks import salient as find_salient
    from gnomon.landmarks import salient_parts, write_salient
    from gnomon.runs import read_run
    from gnomon.runs.store import LocalStore

    recorded = read_run(run)
    found = (
        salient_parts(recorded)
        if dataset is None
        else find_salient(recorded, open_dataset(dataset), alpha)
    )
    kind, _, home = (dataset or "").partition(":")
    meshes = read_car_meshes(Path(home)) if kind == "fg3dcar" else None
    photographs = access.photographs()
    LocalStore(run).check_writable()
    with Progress(len(found.classes) + 1, quiet=quiet) as progress:
        folder = write_salient(found, run, meshes, progress.image_done, photographs)
        for line in (*left_out(found), *absences(photographs.absent)):
            progress.say(line)
    if not quiet:
        terminal(errors=False).print(salient_table(found))
    print_path(folder)
    return Outcome(folder)

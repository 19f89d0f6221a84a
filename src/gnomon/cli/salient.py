"""`gnomon salient`: which annotated landmark each class is found by."""

from pathlib import Path

import tyro

from gnomon.cli.outcome import Outcome


def salient(
    run: tyro.conf.Positional[Path], *, dataset: str, alpha: float = 0.1, quiet: bool = False
) -> Outcome:
    """Give a run's keypoints to annotated landmarks; write the most frequent of each class.

    Example: gnomon salient runs/cars --dataset fg3dcar:cars/

    Args:
        run: The folder that `gnomon detect --out` wrote.
        dataset: The annotated data set that the run's images come from, as kind:FOLDER.
        alpha: How far a keypoint may lie from its landmark, in units of the object's size.
        quiet: Show no progress and no table.
    """
    from rich.console import Console

    from gnomon.cli.progress import Progress
    from gnomon.cli.salient_table import left_out, salient_table
    from gnomon.datasets import open_dataset
    from gnomon.datasets.fg3dcar import read_car_meshes
    from gnomon.landmarks import salient as find_salient
    from gnomon.landmarks import write_salient
    from gnomon.runs import read_run

    found = find_salient(read_run(run), open_dataset(dataset), alpha)
    kind, _, home = dataset.partition(":")
    meshes = read_car_meshes(Path(home)) if kind == "fg3dcar" else None
    folder = run / "salient"
    with Progress(len(found.classes) + 1, quiet=quiet) as progress:
        write_salient(found, folder, meshes, progress.image_done)
        for line in left_out(found):
            progress.say(line)
    if not quiet:
        Console().print(salient_table(found))
    print(folder)
    return Outcome(folder)

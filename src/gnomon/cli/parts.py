"""`gnomon parts`: what a run's keypoints show, found without a label."""

from pathlib import Path
from typing import Literal

import tyro

from gnomon.cli.access import Access
from gnomon.cli.outcome import Outcome


def parts(
    run: tyro.conf.Positional[Path],
    /,
    *,
    parts: int | Literal["auto"] = "auto",
    known: Path | None = None,
    model: str | None = None,
    weights: Path | None = None,
    plug: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    device: str = "auto",
    seed: int = 0,
    access: Access = Access(),
    quiet: bool = False,
) -> Outcome:
    """Group a run's keypoints into parts, the same on every instance; write parts/ into it.

    Example: gnomon parts runs/birds --parts 16

    Args:
        run: The folder that `gnomon detect --out` wrote.
        parts: How many parts to find, or auto: as many as two halves of the images agree on.
        known: A part model, or a run with one, to use instead of learning anew.
        model: Where the run's classifier is now, if its name in the run does not lead to it.
        weights: A weights file for the model, where its own cannot be fetched.
        plug: A package.module:name that the run names and that may be imported; may be repeated.
        device: Where to compute: auto, cpu, cuda, mps.
        seed: Seed of every random choice.
        access: Where the run's photographs are, and what may be fetched.
        quiet: Show no progress and no table.
    """
    from gnomon.cli.parts_table import parts_table
    from gnomon.cli.stages import Stages
    from gnomon.cli.terminal import print_path
    from gnomon.errors import SettingError
    from gnomon.parts import PartFinder, PartModel, discover_parts
    from gnomon.parts.gallery import write_gallery
    from gnomon.parts.write import write_parts
    from gnomon.runs import Failure, read_run, rebuild_detector
    from gnomon.runs.discovered import FOLDER
    from gnomon.runs.rebuild import Trust

    if parts != "auto" and parts < 1:
        raise SettingError(f"parts is {parts}; it is 1 or more, or auto")
    recorded = read_run(run)
    classifier = rebuild_detector(
        recorded.info, model=model, weights=weights, device=device, trust=Trust(plug, access.fetch)
    ).classifier
    photographs = access.photographs()
    folder = run / FOLDER
    before = PartModel.read(folder) if (folder / "model.json").exists() else None
    with Stages(quiet=quiet) as stages:
        found = (
            discover_parts(
                recorded,
                classifier,
                parts,
                seed=seed,
                before=before,
                progress=stages.show,
                photographs=photographs,
            )
            if known is None
            else PartModel.read(known)
        )
        failures = write_parts(
            recorded,
            PartFinder(found, classifier),
            lambda done, total: stages.show("parts of keypoints", done, total),
            photographs,
        )
        for path, reason in failures.items():
            stages.failed(Failure(path, "ImageError", reason))
        shown = read_run(run)
        write_gallery(
            shown, found, lambda done, total: stages.show("galleries", done, total), photographs
        )
    stages.close_with(parts_table(shown, found))
    print_path(folder)
    return Outcome(folder, n_done=recorded.images.num_rows - len(failures), n_failed=len(failures))

"""`gnomon evaluate`: how well a run's keypoints meet annotated points."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from gnomon.cli.outcome import Outcome

if TYPE_CHECKING:
    from gnomon.evaluation import PartRegression
    from gnomon.runs import Annotated, Run


def evaluate(
    run: tyro.conf.Positional[Path],
    /,
    *,
    dataset: str,
    split: Literal["train", "test"] | None = None,
    model: str | None = None,
    weights: Path | None = None,
    plug: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    fetch: bool = False,
    device: str = "auto",
    sanity_images: int = 4,
    repeat_images: int = 4,
    limit: int | None = None,
    quiet: bool = False,
) -> Outcome:
    """Measure a run against annotations, beside simple baselines; write evaluation/ into it.

    Example: gnomon evaluate runs/birds --dataset cub:CUB_200_2011 --split test

    Args:
        run: The folder that `gnomon detect --out` wrote.
        dataset: The annotated data set that the run's images come from, as kind:FOLDER.
        split: Use the images of one split only; of all unless given.
        model: Where the run's classifier is now, if its name in the run does not lead to it.
        weights: A weights file for the model, where its own cannot be fetched.
        plug: A package.module:name that the run names and that may be imported; may be repeated.
        fetch: Download what the run names and this machine lacks.
        device: Where to compute: auto, cpu, cuda, mps.
        sanity_images: How many images to check the maps' sanity on; 0 for none.
        repeat_images: How many images to warp, to see which keypoints are found again; 0 for none.
        limit: Try it: use the first so many images of the run.
        quiet: Show no progress and no table.
    """
    from gnomon.cli.ending import check_limit, opening, wrote
    from gnomon.cli.evaluation_table import (
        consistency_table,
        evaluation_table,
        regression_table,
    )
    from gnomon.cli.naming import naming
    from gnomon.cli.progress import Progress
    from gnomon.cli.repeat_table import repeat_table
    from gnomon.datasets import open_dataset
    from gnomon.errors import GnomonError, SettingError
    from gnomon.evaluation import check_sanity, consistency
    from gnomon.evaluation import evaluate as evaluate_detector
    from gnomon.evaluation.evaluate import evenly, is_annotated
    from gnomon.evaluation.repeating import Repeating
    from gnomon.images import decode
    from gnomon.path_text import path_text
    from gnomon.report import EvaluatedRun, write_evaluation
    from gnomon.report.repeat_record import write_repeat
    from gnomon.runs import Failure, annotated, read_run, rebuild_detector
    from gnomon.runs.discovered import points_and_parts
    from gnomon.runs.rebuild import Trust
    from gnomon.runs.store import LocalStore

    for name, value in (("sanity_images", sanity_images), ("repeat_images", repeat_images)):
        if value < 0:
            raise SettingError(f"{name} is {value}; it must be 0 or more")
    check_limit(limit)
    recorded = read_run(run).first(limit)
    seen = annotated(recorded, open_dataset(dataset), split)
    LocalStore(run).check_writable()
    detector = rebuild_detector(
        recorded.info, model=model, weights=weights, device=device, trust=Trust(plug, fetch)
    )
    total = sum(map(is_annotated, seen.samples)) + sanity_images + repeat_images
    with Progress(total, quiet=quiet) as progress:
        if seen.absent:
            progress.say(naming(seen.absent, "not in the data set as they were seen"))
        found = evaluate_detector(
            detector, seen.samples, progress=progress.windows, image_done=progress.image_done
        )
        for path, reason in found.failures.items():
            progress.failed(Failure(path_text(path), "GnomonError", reason))
        measured = [
            one
            for one in seen.samples
            if is_annotated(one) and str(one.image) not in found.failures
        ]
        images = [detector.load(one.image) for one in evenly(measured, sanity_images)]
        sanity = None
        if images:
            share = len(images)
            try:
                sanity = check_sanity(
                    detector, images, progress=lambda now, all_: progress.windows(share * now, all_)
                )
            except GnomonError as error:
                progress.say(f"the maps' sanity was not checked: {error}")
            progress.image_done(share)
        repeated = None
        try:
            repeating = Repeating(detector, similarities=1, seed=detector.settings.seed)
            for one in evenly(measured, repeat_images):
                repeating.add(decode(one.image).rgb)
                progress.image_done()
            repeated = repeating.result()
        except GnomonError as error:
            progress.say(f"what is found again was not measured: {error}")
    parts = regression = None
    if found.edited is not None:
        progress.say(str(found.edited))
    for name, reason in found.left_out.items():
        progress.say(f"{name} was left out: {reason}")
    if recorded.part_names and found.edited is None:
        try:
            parts = consistency(seen.samples, *points_and_parts(recorded, seen.image_ids))
            both = annotated(recorded, open_dataset(dataset)) if split else seen
            regression = _regression(recorded, both)
        except GnomonError as error:
            progress.say(f"the parts were not compared: {error}")
    evaluated = EvaluatedRun(
        run=recorded.info,
        dataset=path_text(dataset),
        split=split,
        absent=seen.absent,
        other_split=seen.other_split,
        evaluation=found,
        sanity=sanity,
        parts=parts,
        part_regression=regression,
    )
    page = write_evaluation(run, evaluated)
    progress.close_with(evaluation_table(found))
    if repeated is not None and repeated.photographs:
        write_repeat(run / "evaluation", repeated)
        progress.close_with(repeat_table(repeated.rows))
    if parts is not None:
        progress.close_with(consistency_table(parts))
    if regression is not None:
        progress.close_with(regression_table(regression))
    wrote(page, opening(page), ("gnomon", "report", run, "--dataset", dataset), quiet=quiet)
    return Outcome(page, n_done=found.images, n_failed=len(found.failures))


def _regression(run: "Run", seen: "Annotated") -> "PartRegression | None":
    """Predict the test split's annotated points from its parts; ``None`` without both splits."""
    import numpy as np

    from gnomon.evaluation import regress_parts
    from gnomon.runs.discovered import part_places, points_and_parts

    keypoints, _ = points_and_parts(run, seen.image_ids)
    used = [row for row, xy in enumerate(keypoints) if len(xy)]
    samples = [seen.samples[row] for row in used]
    learning = np.array([one.split == "train" for one in samples])
    if learning.all() or not learning.any():
        return None
    columns = (run.images[name].to_pylist() for name in ("image_id", "width", "height"))
    size_of = {key: size for key, *size in zip(*columns, strict=True)}
    ids = [seen.image_ids[row] for row in used]
    return regress_parts(
        samples,
        np.array([size_of[key] for key in ids], dtype=np.float64),
        [keypoints[row] for row in used],
        part_places(run, ids),
        learning,
    )

"""`gnomon repeat`: how many keypoints are found again on a warped photograph."""

from itertools import islice
from pathlib import Path
from typing import Literal, Unpack

import tyro

from gnomon.cli.outcome import Outcome
from gnomon.presets import Outputs, SettingChanges


def repeat(
    paths: tyro.conf.Positional[tuple[str, ...]],
    /,
    *,
    out: Path,
    model: str | None = None,
    weights: Path | None = None,
    classes: str | None = None,
    outputs: Outputs = "auto",
    preset: str = "default",
    device: str = "auto",
    resize: Literal["squash", "pad", "crop"] | None = None,
    side: int | None = None,
    warps: int = 2,
    limit: int = 20,
    quiet: bool = False,
    **changes: Unpack[SettingChanges],
) -> Outcome:
    """Warp photographs in known ways, detect again, and count the keypoints that are found again.

    Example: gnomon repeat photos/ --out found-again --side 320

    Args:
        paths: Photographs, in any of the forms that `gnomon detect` takes.
        out: The folder to write: repeat.json and repeat.png.
        model: The classifier: embedded/efficientnet-lite0 or embedded/squeezenet1_1, which come
            with gnomon; torchvision/NAME, timm/NAME, hf/NAME; package.module:name in Python; a
            checkpoint file, or the folder of a training. The preset's own unless given.
        weights: A weights file for the model, of any number of classes; else its own are fetched.
        classes: The names of its classes in order, if not its own: a file of one name a line, or
            a,b,c.
        outputs: What the model returns, where that cannot be recognized.
        preset: The set of choices to start from: default, fast or paper.
        device: Where to compute: auto, cpu, cuda, mps.
        resize: How an image gets to the network's size; as the classifier has it unless given.
        side: Make photographs smaller first, to so many pixels along the longer side; whole
            unless given.
        warps: Similarities for each photograph; of each other kind of change there is one.
        limit: Use the first so many photographs; 0 for all.
        quiet: Show no progress and no table.
        changes: Settings that differ from the preset's; the seed is that of the warps, too.
    """
    from gnomon.classifier.names import read_names
    from gnomon.cli.ending import opening, wrote
    from gnomon.cli.progress import Progress
    from gnomon.cli.repeat_table import repeat_table
    from gnomon.cli.terminal import terminal
    from gnomon.errors import GnomonError, SettingError
    from gnomon.evaluation.repeating import Repeating
    from gnomon.images.hosts import Hosts
    from gnomon.images.raws import Raws
    from gnomon.limits import Limits
    from gnomon.report.repeat_record import write_repeat
    from gnomon.runs import Failure
    from gnomon.scale import Recipe, list_inputs, see_inputs
    from gnomon.scale.reading import Reading

    for name, value, least in (("side", side, 32), ("warps", warps, 1), ("limit", limit, 0)):
        if value is not None and value < least:
            raise SettingError(f"{name} is {value}; it must be {least} or more")
    see_inputs(paths)
    recipe = Recipe(
        model=model,
        preset=preset,
        weights=weights,
        class_names=None if classes is None else read_names(classes),
        outputs=outputs,
        device=device,
        size=None,
        resize=resize,
        changes=changes,
    )
    repeating = Repeating(recipe(), similarities=warps, seed=changes.get("seed", 0))
    raws = Raws()
    inputs = list(islice(list_inputs(paths, raws=raws), limit or None))
    read = Reading(Limits(), Hosts.of(paths, ()), isolate=False)
    n_failed = 0
    with Progress(len(inputs), quiet=quiet) as progress:
        if raws.count:
            progress.say(raws.warning)
        for one in inputs:
            try:
                picture = read(one)
                repeating.add((picture if side is None else picture.within(side)).rgb)
            except GnomonError as error:
                progress.failed(Failure.of(one.path, error))
                n_failed += 1
            progress.image_done()
    done = repeating.result()
    if not done.photographs:
        return Outcome(None, n_done=0, n_failed=n_failed)
    path = write_repeat(out, done)
    if not quiet:
        terminal(errors=False).print(repeat_table(done.rows))
    wrote(path, opening(out / "repeat.png"), quiet=quiet)
    return Outcome(path, n_done=done.photographs, n_failed=n_failed)

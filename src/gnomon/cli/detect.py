"""`gnomon detect`: images in, a run folder out."""

from pathlib import Path
from time import perf_counter
from typing import Literal, Unpack

import tyro

from gnomon.cli.outcome import Outcome
from gnomon.presets import SettingChanges


def detect(
    paths: tyro.conf.Positional[tuple[str, ...]],
    /,
    *,
    out: Path,
    model: str | None = None,
    weights: Path | None = None,
    preset: str = "default",
    device: str = "auto",
    size: tuple[int, int] | None = None,
    resize: Literal["squash", "pad", "crop"] | None = None,
    resume: bool = False,
    save_heatmaps: bool = False,
    figures: bool = True,
    quiet: bool = False,
    **changes: Unpack[SettingChanges],
) -> Outcome:
    """Find keypoints in images and write them as a run.

    Example: gnomon detect photos/ car.jpg --out runs/first --keep 0.3

    Args:
        paths: Images, folders (searched through), globs, or data sets as kind:FOLDER.
        out: The run folder to write.
        model: The classifier: embedded, torchvision/NAME, timm/NAME, hf/NAME or a checkpoint file.
        weights: A weights file for the model, where its own cannot be fetched.
        preset: The set of choices to start from: default or paper.
        device: Where to compute: auto, cpu, cuda, mps.
        size: Height and width that the network gets, in pixels.
        resize: How an image gets to that size.
        resume: Go on with an interrupted run.
        save_heatmaps: Keep the three maps of each image.
        figures: Draw the figure of each image.
        quiet: Show no progress.
        changes: Settings that differ from the preset's.
    """
    from gnomon.cli.closing import closing_table
    from gnomon.cli.inputs import find_inputs
    from gnomon.cli.interrupt import Interrupts
    from gnomon.cli.progress import Progress
    from gnomon.detector import Detector
    from gnomon.figures import png
    from gnomon.images import decode
    from gnomon.runs import RunInfo, RunWriter

    begin = perf_counter()
    detector = Detector(
        model,
        preset=preset,
        weights=weights,
        device=device,
        size=size,
        resize=resize,
        **changes,
    )
    info = RunInfo(
        classifier=detector.classifier.name,
        weights_sha256=detector.classifier.weights_sha256,
        preprocessing=detector.classifier.preprocessing,
        preset=preset,
        settings=detector.settings,
        device=str(detector.classifier.device),
    )
    inputs = find_inputs(paths)
    with (
        RunWriter(out, info, resume=resume, save_heatmaps=save_heatmaps) as run,
        Progress(len(inputs), quiet=quiet) as progress,
        Interrupts() as interrupts,
    ):
        for each in inputs:
            if not run.is_done(each.path):
                try:
                    picture = decode(each.path)
                    found = detector(picture, progress=progress.windows)
                    figure = png(found.figure(picture.rgb, each.landmarks)) if figures else None
                except Exception as error:
                    if interrupts.seen:
                        raise KeyboardInterrupt from error
                    progress.failed(run.fail(each.path, error))
                else:
                    run.add(each.path, found, figure)
            progress.image_done()
    progress.close_with(closing_table(run.info, perf_counter() - begin))
    return Outcome(out, n_done=run.info.n_images, n_failed=run.info.n_failures)

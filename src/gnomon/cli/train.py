"""`gnomon train`: labels in, a classifier out."""

from pathlib import Path
from typing import Literal

import tyro

from gnomon.cli.outcome import Outcome
from gnomon.training.settings import TrainingSettings


def train(
    data: tyro.conf.Positional[str],
    /,
    *,
    arch: str = "embedded/efficientnet-lite0",
    out: Path,
    settings: TrainingSettings = TrainingSettings(),
    weights: Path | None = None,
    scratch: bool = False,
    size: tuple[int, int] | None = None,
    resize: Literal["squash", "pad", "crop"] | None = None,
    device: str = "auto",
    resume: bool = False,
    limit: int | None = None,
    quiet: bool = False,
) -> Outcome:
    """Train a classifier from class or viewpoint labels alone; no keypoint ever reaches it.

    Example: gnomon train cub:CUB_200_2011 --out birds

    Args:
        data: The data set: kind:FOLDER, or a folder with one folder of images for each class,
            in train/, val/ and test/ if you like.
        arch: The network: embedded/NAME, torchvision/NAME, timm/NAME or a checkpoint file.
        out: The folder to write; or FILE.safetensors, with the rest in a folder beside it.
        settings: How to train.
        weights: A pretrained weights file for the network, where its own cannot be fetched.
        scratch: Start from random weights.
        size: Height and width that the network gets, in pixels; its own unless given.
        resize: How an image gets to that size; as the network has it unless given.
        device: Where to compute: auto, cpu, cuda, mps.
        resume: Go on with an interrupted training.
        limit: Try it: use the first so many images, spread over classes and splits.
        quiet: Show no progress.
    """
    from gnomon.cli.ending import check_limit, wrote
    from gnomon.cli.stages import Stages
    from gnomon.cli.training_table import counts_line, training_table
    from gnomon.training import train as train_classifier
    from gnomon.training.network import Start

    check_limit(limit)
    with Stages(quiet=quiet) as stages:
        done = train_classifier(
            data,
            Start(arch, weights, scratch, size, resize),
            out,
            settings,
            device=device,
            resume=resume,
            progress=stages.show,
            say=stages.say,
            learnt=lambda epoch: stages.note(str(epoch)),
            limit=limit,
        )
    for failure in done.failures:
        stages.failed(failure)
    stages.close_with(training_table(done.confusion), counts_line(done.info))
    following = ("gnomon", "detect", "PHOTOS", "--model", out, "--out", "runs/mine")
    wrote(done.model, following, quiet=quiet)
    return Outcome(out, n_done=done.info.n_train, n_failed=len(done.failures))

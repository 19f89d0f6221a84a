"""`gnomon detect`: images in, a run folder out."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Literal, Unpack

import tyro

from gnomon.cli.outcome import Outcome
from gnomon.errors import RunError, SettingError
from gnomon.limits import Limits
from gnomon.presets import Outputs, SettingChanges


def detect(
    paths: tyro.conf.Positional[tuple[str, ...]],
    /,
    *,
    out: str,
    model: str | None = None,
    weights: Path | None = None,
    classes: str | None = None,
    outputs: Outputs = "auto",
    preset: str = "default",
    parts: Path | None = None,
    device: str = "auto",
    size: tuple[int, int] | None = None,
    resize: Literal["squash", "pad", "crop"] | None = None,
    top: int = 1,
    limit: int | None = None,
    resume: bool = False,
    executor: str = "serial",
    workers: int = 0,
    threads: int | None = None,
    fetch_from: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    isolate: bool = False,
    limits: Limits = Limits(),
    save_heatmaps: bool = False,
    figures: bool = True,
    quiet: bool = False,
    **changes: Unpack[SettingChanges],
) -> Outcome:
    """Find keypoints in images and write them as a run.

    Example: gnomon detect photos/ car.jpg --out runs/first --keep 0.3

    Args:
        paths: Images, folders (searched through), globs, lists (.txt, .csv, .parquet), tables and
            archives of images (.parquet, .arrow, .tar), URLs of these (s3://...), or data sets as
            kind:FOLDER.
        out: The run folder to write, or its URL.
        model: The classifier: embedded/efficientnet-lite0 or embedded/squeezenet1_1, which come
            with gnomon; torchvision/NAME, timm/NAME, hf/NAME; package.module:name in Python; a
            checkpoint file, or the folder of a training. The preset's own unless given.
        weights: A weights file for the model, of any number of classes; else its own are fetched.
        classes: The names of its classes in order, if not its own: a file of one name a line, or
            a,b,c.
        outputs: What the model returns, where that cannot be recognized: logits, probabilities,
            binary (one output, two classes), multilabel (each class by itself), ...
        preset: The set of choices to start from: default, fast or paper.
        parts: A part model, or a run in which `gnomon parts` found one: keypoints get their parts.
        device: Where to compute: auto, cpu, cuda, mps.
        size: Height and width that the network gets, in pixels; the classifier's own unless given.
        resize: How an image gets to that size; as the classifier has it unless given.
        top: Find keypoints for so many classes of each image, the most probable ones: a run for
            each, OUT/top-1, OUT/top-2, ...
        limit: Try it: stop after the first so many images.
        resume: Go on with an interrupted run; what failed is tried again.
        executor: Who computes: serial (this process), local (several), ray (a cluster).
        workers: How many processes; 0 takes one for each GPU, or for each CPU core.
        threads: CPU threads for an image; all for serial, else 1. Results may differ in
            the last bits with another number.
        fetch_from: A host, as NAME or NAME:PORT, that a list or table may lead to though it is this
            machine or in a private network; may be repeated.
        isolate: Decode in a process apart, which the limits on seconds and memory can stop.
        limits: What one image may cost.
        save_heatmaps: Keep the three maps of each image.
        figures: Draw the figure of each image.
        quiet: Show no progress.
        changes: Settings that differ from the preset's.
    """
    import torch

    from gnomon.classifier.names import read_names
    from gnomon.cli.closing import closing_table
    from gnomon.cli.ending import check_limit, wrote
    from gnomon.cli.progress import Progress
    from gnomon.images.hosts import Hosts
    from gnomon.images.raws import Raws
    from gnomon.images.read import is_url
    from gnomon.runs import RunInfo
    from gnomon.runs.records import probabilities
    from gnomon.runs.writer import refuse_other
    from gnomon.scale import (
        Finder,
        Job,
        Maker,
        Recipe,
        detect_run,
        list_inputs,
        see_inputs,
        threads_of,
    )
    from gnomon.scale import executor as named_executor

    check_limit(limit)
    see_inputs(paths)
    ranked = _by_rank(out, top, changes)
    for place, _ in ranked:
        refuse_other(place, resume=resume)
    chosen = named_executor(executor, workers)
    recipe = Recipe(
        model=model,
        preset=preset,
        weights=weights,
        class_names=None if classes is None else read_names(classes),
        outputs=outputs,
        device=device,
        size=size,
        resize=resize,
        changes=changes,
    )
    loaded = recipe().with_settings(**ranked[-1][1])
    every = torch.get_num_threads() if executor == "serial" else 1
    n_done = n_failed = 0
    raws = Raws()
    for place, aimed in ranked:
        begin = perf_counter()
        detector = loaded.with_settings(**aimed)
        finder: Finder = detector
        make: Maker = replace(recipe, changes=aimed)
        part_names: tuple[str, ...] = ()
        if parts is not None:
            from gnomon.parts import PartDetector, PartMaker, PartModel

            known = PartModel.read(parts)
            make = PartMaker(replace(recipe, changes=aimed), parts)
            finder, part_names = PartDetector(detector, known), known.names
        info = RunInfo.of(
            detector,
            preset,
            threads=threads_of(place, threads, every, resume=resume)
            if detector.classifier.device.type == "cpu"
            else None,
            part_names=part_names,
        )
        job = Job(
            make=make,
            out=place,
            limits=limits,
            hosts=Hosts.of(paths, fetch_from),
            isolate=isolate,
            figures=figures,
            save_heatmaps=save_heatmaps,
            threads=info.threads,
        )
        with Progress(quiet=quiet) as progress:
            done = detect_run(
                job,
                finder,
                info,
                partial(list_inputs, paths, limit, raws),
                chosen,
                resume=resume,
                watch=progress,
            )
        for fault in done.damaged:
            progress.say(f"done again: {fault}")
        unsure = sum(map(done.info.unsure, probabilities(place)))
        progress.close_with(closing_table(done.info, unsure, perf_counter() - begin, done.idle))
        n_done, n_failed = n_done + done.info.n_images, n_failed + done.info.n_failures
    if raws.count:
        progress.say(raws.warning)
    first, _ = ranked[0]
    wrote(out, ("gnomon", "check" if is_url(out) else "report", first), quiet=quiet)
    return Outcome(Path(out), n_done=n_done, n_failed=n_failed)


def _by_rank(out: str, top: int, changes: SettingChanges) -> list[tuple[str, SettingChanges]]:
    """List the runs to write, each with its settings: one, or one for each of the top classes."""
    from gnomon.runs.info import FILE_NAME
    from gnomon.runs.store import open_store

    if top < 1:
        raise SettingError(f"top is {top}; it must be 1 or more classes")
    if top == 1:
        return [(out, changes)]
    if "label" in changes or "label_rank" in changes:
        raise SettingError(f"top {top} is for the most probable classes; leave out label")
    if open_store(out).exists(FILE_NAME):
        raise RunError(f"{out} is a run itself; with top {top} it must be a new folder, of runs")
    places = ((rank, f"{out.rstrip('/')}/top-{rank}") for rank in range(1, top + 1))
    return [(place, {**changes, "label_rank": rank}) for rank, place in places]

"""The pipeline: labels in, a classifier and an honest account of it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from gnomon.classifier import Classifier, load_classifier, save_checkpoint
from gnomon.classifier.device import resolve_device
from gnomon.datasets import open_dataset
from gnomon.errors import ImageError, SettingError
from gnomon.images import decode
from gnomon.path_text import path_text
from gnomon.runs.account import now
from gnomon.runs.reader import Failure
from gnomon.training.augment import PlainView, VariedView
from gnomon.training.data import Photo, divide, labeled, spread
from gnomon.training.folder import TrainingFolder
from gnomon.training.found import found_lines
from gnomon.training.loading import Photographs
from gnomon.training.network import Start, beginner
from gnomon.training.outcome import Confusion
from gnomon.training.record import TrainingInfo, digest_of
from gnomon.training.settings import TrainingSettings

if TYPE_CHECKING:
    from gnomon.training.fitting import Epoch

Progress = Callable[[str, float, int], None]
"""(what goes on, how much of it is done, all of it) -> None."""


Say = Callable[[str], None]
"""A sentence -> None."""


def _unseen(stage: str, done: float, total: int) -> None:
    """Show nothing."""


def _unsaid(sentence: str) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What a training came to: its account, the test split's confusion, and what was left out."""

    model: Path
    info: TrainingInfo
    confusion: Confusion
    failures: tuple[Failure, ...]


def train(
    data: str | Path,
    start: Start,
    out: Path,
    settings: TrainingSettings | None = None,
    *,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = _unseen,
    say: Say = _unsaid,
    learnt: "Callable[[Epoch], None]" = lambda epoch: None,
    limit: int | None = None,
) -> Training:
    """Fine-tune a network on the class or viewpoint labels of a data set, and measure it.

    ``data`` as ``open_dataset`` takes it, ``out`` as ``TrainingFolder.at`` does. Images that cannot
    be read are left out. The test split is used once, at the end, to count what is right. ``say``
    gets what was found, before anything is read, ``learnt`` the loss and accuracy of each epoch.
    ``limit`` is how many images are used, spread over classes and splits; all if ``None``.
    ``GnomonError`` says what is wrong with data, architecture, settings or folder.
    """
    if find_spec("lightning") is None:
        raise SettingError("training needs the package lightning: pip install 'gnomon[train]'")
    from gnomon.training.fitting import fit

    begin = perf_counter()
    settings = settings or TrainingSettings()
    target, place = resolve_device(device), TrainingFolder.at(out)
    photos, n_without_label = labeled(open_dataset(data), settings.labels)
    photos = spread(photos, limit)
    for line in found_lines(photos):
        say(line)
    photos, failures = _readable(photos, partial(progress, "reading"))
    parts = divide(photos, settings)
    network = beginner(start, len(parts.class_names), settings.seed)
    info = TrainingInfo(
        data=path_text(str(data)),
        arch=start.arch,
        start_weights_sha256=network.weights_sha256,
        preprocessing=network.preprocessing,
        settings=settings,
        class_names=parts.class_names,
        images_sha256=digest_of(parts),
        n_train=len(parts.train),
        n_validation=len(parts.validation),
        n_test=len(parts.test),
        n_without_label=n_without_label,
        n_unreadable=len(failures),
        device=str(target),
        precision=_precision(settings, target),
    )
    info = place.begin(info, resume=resume)
    plain = PlainView(network.preprocessing)
    varied = VariedView(network.preprocessing, flip=settings.labels == "class")
    shown = {
        name: Photographs(chosen, parts.class_names, view)
        for name, chosen, view in (
            ("train", parts.train, varied),
            ("validation", parts.validation, plain),
            ("test", parts.test, plain),
        )
    }
    if info.end is None:
        place.write_failures(failures)
        place.write_images(parts)
        epochs, best_epoch = fit(
            network,
            shown["train"],
            shown["validation"],
            settings,
            pretrained=not start.scratch,
            device=target,
            precision=info.precision,
            folder=place.folder,
            checkpoints=place.checkpoints,
            progress=partial(progress, "epochs"),
            learnt=learnt,
        )
        save_checkpoint(network.classifier(parts.class_names, start.arch), place.model)
        info = replace(info, epochs=epochs, best_epoch=best_epoch)

    classifier = load_classifier(place.model, device=target)
    seen = partial(progress, "testing")
    confusion = measure(classifier, shown["test"], settings.batch_size, seen)
    if info.end is None:
        place.write_confusion(confusion)
        info = replace(
            info,
            validation_accuracy=measure(
                classifier, shown["validation"], settings.batch_size, lambda *_: None
            ).accuracy,
            test_accuracy=confusion.accuracy,
            weights_sha256=classifier.weights_sha256,
            seconds=round(perf_counter() - begin, 1),
            end=now(),
        )
        info.write(place.folder)
    return Training(place.model, info, confusion, tuple(failures))


def measure(
    classifier: Classifier,
    photographs: Photographs,
    batch_size: int,
    progress: Callable[[float, int], None],
) -> Confusion:
    """Count what a classifier takes each photograph for."""
    labels: list[int] = []
    predicted: list[int] = []
    for first in range(0, len(photographs), batch_size):
        rows = range(first, min(first + batch_size, len(photographs)))
        pixels, these = zip(*(photographs[row, 0] for row in rows), strict=True)
        probabilities = classifier.probabilities(torch.stack(pixels))
        labels += these
        predicted += probabilities.argmax(dim=1).tolist()
        progress(len(labels), len(photographs))
    return Confusion.of(labels, predicted, classifier.class_names)


def _readable(
    photos: Sequence[Photo], progress: Callable[[float, int], None]
) -> tuple[list[Photo], list[Failure]]:
    """Decode every image once, so that none can stop the training later."""
    readable: list[Photo] = []
    failures: list[Failure] = []
    for done, photo in enumerate(photos, start=1):
        try:
            decode(photo.image)
        except ImageError as error:
            failures.append(Failure.of(str(photo.image), error))
        else:
            readable.append(photo)
        progress(done, len(photos))
    return readable, failures


def _precision(settings: TrainingSettings, device: torch.device) -> str:
    if settings.precision != "auto":
        return "32-true" if settings.precision == "32" else settings.precision
    if device.type != "cuda":
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"

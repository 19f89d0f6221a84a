"""training.json: what was trained, on what, with which choices, and how good it is."""

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from gnomon.runs.account import Account, Count, Sha256, Text, now, versions
from gnomon.training.data import Parts
from gnomon.training.settings import TrainingSettings

FILE_NAME = "training.json"


def digest_of(parts: Parts) -> str:
    """Return the SHA-256 of which image with which label is in which part."""
    lines = [
        f"{name} {photo.label} {photo.image}\n"
        for name in ("train", "validation", "test")
        for photo in getattr(parts, name)
    ]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingInfo(Account):
    """The account of a training; ``end`` and the results are ``None`` until it is complete.

    ``start_weights_sha256`` identifies the network before its first step, ``images_sha256`` the
    images with their labels and parts. Accuracies are shares in [0,1]; ``seconds`` counts this
    start only, where the training was resumed.
    """

    FILE_NAME: ClassVar[str] = FILE_NAME
    VERB: ClassVar[str] = "train"
    WHAT: ClassVar[str] = "training"
    COMPARED: ClassVar[tuple[str, ...]] = (
        "arch",
        "start_weights_sha256",
        "class_names",
        "images_sha256",
        "precision",
    )
    SETTINGS: ClassVar[type] = TrainingSettings

    data: Text
    arch: Text
    start_weights_sha256: Sha256
    settings: TrainingSettings
    class_names: tuple[Text, ...]
    images_sha256: Sha256
    n_train: Count
    n_validation: Count
    n_test: Count
    n_without_label: Count
    n_unreadable: Count
    device: Text
    precision: Text
    start: Text = field(default_factory=now)
    end: Text | None = None
    seconds: float | None = None
    epochs: Count | None = None
    best_epoch: Count | None = None
    validation_accuracy: float | None = None
    test_accuracy: float | None = None
    weights_sha256: Sha256 | None = None
    versions: dict[Text, Text] = field(default_factory=partial(versions, "lightning"))

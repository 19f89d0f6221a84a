"""The folder that a training writes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gnomon.classifier.checkpoint import TRAINED
from gnomon.disk import reason_of
from gnomon.errors import RunError
from gnomon.figures import png
from gnomon.runs.files import csv_bytes
from gnomon.runs.reader import Failure
from gnomon.runs.store import LocalStore
from gnomon.training.data import Parts
from gnomon.training.outcome import Confusion
from gnomon.training.record import FILE_NAME, TrainingInfo


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """Where a training's files lie: all in ``folder``, the classifier at ``model``.

    For an ``out`` that ends in .safetensors the classifier is that file, and the folder is the one
    beside it of the same name without the ending.
    """

    folder: Path
    model: Path

    @classmethod
    def at(cls, out: Path) -> "TrainingFolder":
        """Find the places for what the user calls ``out``."""
        if out.suffix == ".safetensors":
            return cls(out.with_suffix(""), out)
        return cls(out, out / TRAINED)

    @property
    def store(self) -> LocalStore:
        """The folder, to write into."""
        return LocalStore(self.folder)

    @property
    def checkpoints(self) -> Path:
        """Where the state of training is kept, for ``--resume``."""
        return self.folder / "checkpoints"

    def begin(self, info: TrainingInfo, *, resume: bool) -> TrainingInfo:
        """Make the folder, or see that it holds this very training; ``RunError`` if not."""
        try:
            self.store.folder.refuse_links()
            if resume and self.store.exists(FILE_NAME):
                return self._reopen(info)
            occupied = self.folder.exists() and (
                not self.folder.is_dir() or any(self.folder.iterdir())
            )
            if occupied or self.model.exists():
                what = self.folder if occupied else self.model
                raise RunError(
                    f"{what} is there already and not empty. "
                    "Give another --out, remove it, or go on with it by --resume."
                )
            info.write(self.store)
        except OSError as error:
            raise RunError(f"{self.folder} cannot be written: {reason_of(error)}") from error
        return info

    def _reopen(self, info: TrainingInfo) -> TrainingInfo:
        before = TrainingInfo.read(self.folder)
        if differences := before.differences(info):
            raise RunError(
                f"{self.folder} was begun with other choices or images, so it cannot be resumed. "
                f"Then and now: {'; '.join(differences)}"
            )
        return before if before.end else replace(info, start=before.start)

    def write_failures(self, failures: Sequence[Failure]) -> None:
        """Write failures.jsonl: one line for each image that was left out."""
        self.store.write("failures.jsonl", b"".join(map(Failure.line, failures)))

    def write_images(self, parts: Parts) -> None:
        """Write images.csv: which image was learnt from, chosen by, measured on."""
        rows = (
            (photo.image, photo.label, part)
            for part in ("train", "validation", "test")
            for photo in getattr(parts, part)
        )
        self.store.write("images.csv", csv_bytes(("path", "label", "part"), rows))

    def write_confusion(self, confusion: Confusion) -> None:
        """Write confusion.csv, confusion.png and per_class.csv."""
        with self.store.together() as files:
            files.write("confusion.csv", confusion.csv().encode())
            files.write("per_class.csv", confusion.per_class_csv().encode())
            files.write("confusion.png", png(confusion.figure()))

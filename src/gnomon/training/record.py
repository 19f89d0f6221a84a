"""training.json: what was trained, on what, with which choices, and how good it is."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Self

from gnomon.classifier import Preprocessing
from gnomon.errors import GnomonError, RunError
from gnomon.runs.files import write_whole
from gnomon.runs.info import now
from gnomon.training.data import Parts
from gnomon.training.settings import TrainingSettings

FILE_NAME = "training.json"


def _versions() -> dict[str, str]:
    names = ("gnomon", "torch", "torchvision", "timm", "lightning", "numpy", "pillow")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def digest_of(parts: Parts) -> str:
    """Give the SHA-256 of which image with which label is in which part."""
    lines = [
        f"{name} {photo.label} {photo.image}\n"
        for name in ("train", "validation", "test")
        for photo in getattr(parts, name)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingInfo:
    """The account of a training; ``end`` and the results are ``None`` until it is complete.

    ``start_weights_sha256`` identifies the network before its first step, ``images_sha256`` the
    images with their labels and parts. Accuracies are shares in [0,1]; ``seconds`` counts this
    start only, where the training was resumed.
    """

    data: str
    arch: str
    start_weights_sha256: str
    preprocessing: Preprocessing
    settings: TrainingSettings
    class_names: tuple[str, ...]
    images_sha256: str
    n_train: int
    n_validation: int
    n_test: int
    n_without_label: int
    n_unreadable: int
    device: str
    precision: str
    start: str = field(default_factory=now)
    end: str | None = None
    seconds: float | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    validation_accuracy: float | None = None
    test_accuracy: float | None = None
    weights_sha256: str | None = None
    versions: dict[str, str] = field(default_factory=_versions)

    def write(self, folder: Path) -> None:
        """Write training.json into ``folder``."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        write_whole(folder / FILE_NAME, (text + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read training.json; ``RunError`` where it is missing or not one of ours."""
        path = folder / FILE_NAME
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            values["preprocessing"] = Preprocessing.from_dict(values["preprocessing"])
            values["settings"] = TrainingSettings(**values["settings"])
            values["class_names"] = tuple(values["class_names"])
            return cls(**values)
        except FileNotFoundError:
            raise RunError(
                f"{folder} holds no training: there is no {FILE_NAME} in it."
                " Give a folder that `gnomon train --out` wrote."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, GnomonError) as error:
            raise RunError(f"{path} is not the {FILE_NAME} of this gnomon: {error}") from error

    def differences(self, other: Self) -> list[str]:
        """Say in which choices two trainings differ: each a line "name: this, that"."""
        names = ("arch", "start_weights_sha256", "class_names", "images_sha256", "precision")
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in names]
        for mine, theirs in (
            (self.preprocessing, other.preprocessing),
            (self.settings, other.settings),
        ):
            choices = [choice.name for choice in fields(mine)]
            pairs += [(name, getattr(mine, name), getattr(theirs, name)) for name in choices]
        return [f"{name}: {mine!r}, {theirs!r}" for name, mine, theirs in pairs if mine != theirs]

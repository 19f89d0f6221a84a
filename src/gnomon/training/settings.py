"""Every choice of a training as one value."""

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from gnomon.errors import SettingError

Labels = Literal["class", "viewpoint"]
Precision = Literal["auto", "32", "16-mixed", "bf16-mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """What a training leaves open; ``SettingError`` for what is not allowed."""

    labels: Labels = "class"
    """What the network learns to tell apart."""
    epochs: int = 20
    """Passes over the training images at most."""
    patience: int = 10
    """Stop after so many epochs in which the validation loss did not fall."""
    head_epochs: int = 3
    """Epochs in which only the new head learns, where the rest is pretrained."""
    batch_size: int = 16
    """Images a step."""
    learning_rate: float = 2e-3
    """Of the new head, at its highest."""
    body_rate: float = 0.1
    """Learning rate of all other layers, as a fraction of the head's."""
    weight_decay: float = 0.02
    """Of AdamW."""
    label_smoothing: float = 0.1
    """Share of each label that is spread over all classes."""
    validation_share: float = 0.15
    """Share of each class's training images that decide when to stop and which epoch is best."""
    test_share: Annotated[float | None, tyro.conf.arg(help_behavior_hint="")] = None
    """Share of each class to set aside as the test split, for a data set that has none."""
    seed: int = 0
    """Seed of every random choice."""
    precision: Precision = "auto"
    """Arithmetic; auto: bf16-mixed or 16-mixed on CUDA, 32 elsewhere."""

    def __post_init__(self) -> None:
        for name, least in (
            ("epochs", 1),
            ("patience", 1),
            ("head_epochs", 0),
            ("batch_size", 1),
            ("seed", 0),
            ("body_rate", 0),
            ("weight_decay", 0),
        ):
            if not getattr(self, name) >= least:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be {least} or more")
        if not self.learning_rate > 0:
            raise SettingError(f"learning_rate is {self.learning_rate}; it must be above 0")
        if not 0 <= self.label_smoothing < 1:
            raise SettingError(f"label_smoothing is {self.label_smoothing}; it is in [0, 1)")
        for name in ("validation_share", "test_share"):
            share = getattr(self, name)
            if share is not None and not 0 < share < 1:
                raise SettingError(f"{name} is {share}; it is a fraction between 0 and 1")

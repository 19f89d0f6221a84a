"""The loop, which Lightning runs: epochs, validation, checkpoints, early stopping, logs."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from gnomon.disk import reason_of
from gnomon.errors import RunError
from gnomon.interrupt import Interrupts
from gnomon.training.checkpoints import WholeCheckpoints, is_sound
from gnomon.training.loading import InOrder, Photographs, Shuffled
from gnomon.training.module import FineTuning, state_of_network
from gnomon.training.network import Beginner
from gnomon.training.settings import TrainingSettings

AVERAGED_EPOCHS = 2
MONITORED = "validation_loss"
EXPECTED_WARNINGS = (
    ".*does not have many workers.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*isinstance.treespec, LeafSpec.. is deprecated.*",
)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch, counted from 1, came to."""

    number: int
    of: int
    loss: float
    validation_loss: float
    validation_accuracy: float

    def __str__(self) -> str:
        return (
            f"epoch {self.number} of {self.of}: loss {self.loss:.3f}, on the validation images"
            f" {self.validation_loss:.3f} with {self.validation_accuracy:.1%} right"
        )


EpochProgress = Callable[[float, int], None]
"""(epochs done, epochs at most) -> None."""


def fit(
    beginner: Beginner,
    train: Photographs,
    validation: Photographs,
    settings: TrainingSettings,
    *,
    pretrained: bool,
    device: torch.device,
    precision: str,
    folder: Path,
    checkpoints: Path,
    progress: EpochProgress,
    learnt: Callable[[Epoch], None],
) -> tuple[int, int]:
    """Train ``beginner.network`` in place, from the last checkpoint where there is one.

    It ends with the weights, averaged over steps, of the epoch of the lowest validation loss.
    ``learnt`` hears of each epoch. Returns the number of epochs run and the best one, counted from
    1.
    """
    best = ModelCheckpoint(
        checkpoints,
        filename="best",
        monitor=MONITORED,
        save_last=True,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    size = settings.batch_size
    workers = 8 if device.type == "cuda" else 0
    last = checkpoints / "last.ckpt"
    interrupts = Interrupts()
    with _lightning_quiet():
        trainer = Trainer(
            accelerator={"cuda": "gpu"}.get(device.type, device.type),
            devices=1 if device.index is None else [device.index],
            precision=precision,  # type: ignore[arg-type]  # read from a record, one of Lightning's
            max_epochs=settings.epochs,
            logger=CSVLogger(folder, name="logs"),
            callbacks=[
                EMAWeightAveraging(decay=1 - 1 / (1 + AVERAGED_EPOCHS * len(train) / size)),
                EarlyStopping(MONITORED, patience=settings.patience),
                best,
                _Reporting(progress, learnt, interrupts),
            ],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            default_root_dir=folder,
            plugins=[WholeCheckpoints(folder)],
        )
        epochs: Any = trainer.fit_loop.epoch_progress.current
        order = Shuffled(len(train), settings.seed, lambda: epochs.processed)
        a_single_one_left = len(train) > size and len(train) % size == 1
        training = DataLoader(
            train,
            size,
            sampler=order,
            num_workers=workers,
            drop_last=a_single_one_left,
            generator=torch.Generator(),  # Else it draws from the epoch's own random numbers.
        )
        module = FineTuning(
            beginner,
            settings,
            pretrained=pretrained,
            total_steps=len(training) * settings.epochs,
        )
        validating = DataLoader(
            validation, size, sampler=InOrder(len(validation)), num_workers=workers
        )
        with interrupts:
            try:
                trainer.fit(
                    module,
                    training,
                    validating,
                    ckpt_path=last if is_sound(last) else None,
                    weights_only=True,
                )
            except OSError as error:
                raise RunError(
                    f"{folder} cannot be written: {reason_of(error)}; make room or mend it,"
                    " then go on by --resume"
                ) from error
            except SystemExit as error:  # Lightning's, after Ctrl-C
                if trainer.interrupted:
                    raise KeyboardInterrupt from error
                raise
            interrupts.check()
    chosen = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    network = beginner.network.to("cpu")
    network.load_state_dict(state_of_network(chosen))
    network.requires_grad_(True)
    return trainer.current_epoch, int(chosen["epoch"]) + 1


class _Reporting(Callback):
    """Reports how far the training is, and ends it between batches: else Ctrl-C may be lost."""

    def __init__(
        self, progress: EpochProgress, learnt: Callable[[Epoch], None], interrupts: Interrupts
    ) -> None:
        self._progress = progress
        self._learnt = learnt
        self._interrupts = interrupts

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._interrupts.check()
        within = (batch_idx + 1) / trainer.num_training_batches
        self._progress(trainer.current_epoch + within, trainer.max_epochs or 0)

    def on_validation_batch_end(self, *_: Any) -> None:
        self._interrupts.check()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        found = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self._learnt(
            Epoch(
                trainer.current_epoch + 1,
                trainer.max_epochs or 0,
                found["train_loss"],
                found[MONITORED],
                found["validation_accuracy"],
            )
        )


@contextmanager
def _lightning_quiet() -> Iterator[None]:
    """Keep Lightning's notes to itself, and the warnings that are no news here."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in EXPECTED_WARNINGS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        logger.setLevel(level)

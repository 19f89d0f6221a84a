"""How a network learns: first its new head, then all of it, slower towards the end."""

import math
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from gnomon.training.network import Beginner
from gnomon.training.settings import TrainingSettings

RAMP_EPOCHS = 1.0


class FineTuning(LightningModule):
    """AdamW with cosine decay; pretrained layers wait for the head and learn at a lower rate.

    Batch normalization keeps its pretrained statistics, which small batches would only blur; a
    network without pretrained weights learns them. Channels lie last in memory: convolutions train
    several times as fast that way.
    """

    def __init__(
        self, beginner: Beginner, settings: TrainingSettings, *, pretrained: bool, total_steps: int
    ) -> None:
        super().__init__()
        self.network = beginner.network.to(memory_format=torch.channels_last)
        self._preprocessing = beginner.preprocessing
        self._head = beginner.head
        self._settings = settings
        self._pretrained = pretrained
        self._total_steps = total_steps

    def on_train_epoch_start(self) -> None:
        """Freeze what is not to learn in this epoch, and fix the epoch's random numbers."""
        settings = self._settings
        torch.manual_seed(settings.seed * 1_000_003 + self.current_epoch)
        body_learns = not self._pretrained or self.current_epoch >= settings.head_epochs
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(body_learns or name in self._head)
        self.network.train()
        if self._pretrained:
            for part in self.network.modules():
                if isinstance(part, _BatchNorm):
                    part.eval()

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Compute the loss of one batch."""
        pixels, labels = batch
        loss = functional.cross_entropy(
            self._logits(pixels), labels, label_smoothing=self._settings.label_smoothing
        )
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(labels))
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Log loss and accuracy over the validation part."""
        pixels, labels = batch
        logits = self._logits(pixels).float()
        right = (logits.argmax(dim=1) == labels).float().mean()
        loss = functional.cross_entropy(logits, labels)
        self.log_dict(
            {"validation_loss": loss, "validation_accuracy": right}, batch_size=len(labels)
        )

    def configure_optimizers(self) -> Any:
        """Return AdamW with one group for the head and one for the body, and the schedule."""
        named = list(self.network.named_parameters())
        rate = self._settings.learning_rate
        body_rate = rate * (self._settings.body_rate if self._pretrained else 1.0)
        groups = [
            {"params": [p for name, p in named if name in self._head], "lr": rate},
            {"params": [p for name, p in named if name not in self._head], "lr": body_rate},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=self._settings.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate_at)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate_at(self, step: int) -> float:
        ramp = self._total_steps * RAMP_EPOCHS / self._settings.epochs
        cosine = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / self._total_steps))
        return min(1.0, (step + 1) / ramp) * cosine

    def _logits(self, pixels: Tensor) -> Tensor:
        pixels = self._preprocessing.normalize(pixels)
        logits: Tensor = self.network(pixels.contiguous(memory_format=torch.channels_last))
        return logits


def state_of_network(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    """Take the network's own tensors out of a Lightning checkpoint of ``FineTuning``."""
    prefix = "network."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in checkpoint["state_dict"].items()
        if name.startswith(prefix)
    }

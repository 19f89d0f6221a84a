"""What one epoch changes, how fast, and by which loss, on networks that are computed by hand."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gnomon.classifier import Architecture, Preprocessing
from gnomon.training.module import FineTuning, state_of_network
from gnomon.training.network import Beginner
from gnomon.training.settings import TrainingSettings

NORMALIZED = Preprocessing(size=(2, 2), mean=(0.5, 0.5, 0.5), std=(0.25, 0.5, 1.0))


class Tiny(nn.Module):
    """A body with statistics and dropout, and a head for 3 classes."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.head = nn.Linear(4, 3)

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(pixels).mean(dim=(2, 3)))
        return logits


def tuning(
    network: nn.Module | None = None, *, pretrained: bool = True, steps: int = 8, **choices: Any
) -> FineTuning:
    """Make the module of a network whose head is called ``head``; it logs into ``logged``."""
    network = network or Tiny()
    head = frozenset(name for name, _ in network.named_parameters() if name.startswith("head."))
    begun = Beginner(network, Architecture("torchvision/tiny", 3), NORMALIZED, head, "0" * 64)
    settings = TrainingSettings(**choices)
    return FineTuning(begun, settings, pretrained=pretrained, total_steps=steps)


def begin_epoch(module: FineTuning, epoch: int) -> None:
    module._trainer = SimpleNamespace(current_epoch=epoch)  # type: ignore[assignment]  # all that is asked of it
    module.on_train_epoch_start()


def changed_by_a_step(module: FineTuning, epoch: int) -> set[str]:
    """Name the parameters and statistics that one training step of an epoch changes."""
    module.log = lambda *_, **__: None  # type: ignore[method-assign]  # nobody listens
    begin_epoch(module, epoch)
    before = {name: tensor.clone() for name, tensor in module.network.state_dict().items()}
    optimizer = module.configure_optimizers()["optimizer"]
    loss = module.training_step((torch.rand(6, 3, 2, 2), torch.arange(6) % 3), 0)
    torch.autograd.backward(loss)
    optimizer.step()
    after = module.network.state_dict()
    return {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}


HEAD = {"head.weight", "head.bias"}
BODY = {"body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias"}
STATISTICS = {"body.1.running_mean", "body.1.running_var", "body.1.num_batches_tracked"}


@pytest.mark.parametrize(
    ("pretrained", "epoch", "changed"),
    [
        (True, 0, HEAD),
        (True, 1, HEAD),
        (True, 2, HEAD | BODY),
        (False, 0, HEAD | BODY | STATISTICS),
    ],
)
def test_a_pretrained_body_waits_for_the_head_and_keeps_its_statistics(
    pretrained: bool, epoch: int, changed: set[str]
) -> None:
    module = tuning(pretrained=pretrained, head_epochs=2)
    assert changed_by_a_step(module, epoch) == changed


@pytest.mark.parametrize("pretrained", [True, False])
def test_only_pretrained_batch_normalization_leaves_training_mode(pretrained: bool) -> None:
    module = tuning(pretrained=pretrained)
    module.network.eval()
    begin_epoch(module, 0)
    training = {type(part).__name__: part.training for part in module.network.modules()}
    assert training.pop("BatchNorm2d") is not pretrained
    assert all(training.values())


@pytest.mark.parametrize(("pretrained", "rates"), [(True, [0.02, 0.005]), (False, [0.02, 0.02])])
def test_the_body_learns_at_its_fraction_of_the_heads_rate(
    pretrained: bool, rates: list[float]
) -> None:
    module = tuning(pretrained=pretrained, learning_rate=0.02, body_rate=0.25, weight_decay=0.3)
    optimizer = module.configure_optimizers()["optimizer"]
    assert [group["initial_lr"] for group in optimizer.param_groups] == pytest.approx(rates)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.3, 0.3]
    names = {id(tensor): name for name, tensor in module.network.named_parameters()}
    groups = [{names[id(one)] for one in group["params"]} for group in optimizer.param_groups]
    assert groups == [HEAD, BODY]


def test_the_rate_rises_for_one_epoch_and_falls_to_nothing_as_a_cosine() -> None:
    module = tuning(steps=8, epochs=4, learning_rate=1.0, body_rate=0.5)
    made = module.configure_optimizers()
    optimizer, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    assert made["lr_scheduler"]["interval"] == "step"
    rates = []
    for _ in range(9):
        rates.append(optimizer.param_groups[0]["lr"])
        assert optimizer.param_groups[1]["lr"] == pytest.approx(rates[-1] / 2)
        optimizer.step()
        schedule.step()
    cosine = [0.5 + 0.5 * math.cos(math.pi * step / 8) for step in range(9)]
    assert rates == pytest.approx([0.5, *cosine[1:]])


def readable() -> nn.Module:
    """Make a network whose logits are the means of the normalized channels."""
    head = nn.Linear(3, 3)
    nn.init.eye_(head.weight)
    nn.init.zeros_(head.bias)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def test_the_losses_are_those_computed_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    module = tuning(readable(), label_smoothing=0.3)
    logged: dict[str, Any] = {}
    monkeypatch.setattr(module, "log", lambda name, value, **_: logged.update({name: value}))
    monkeypatch.setattr(module, "log_dict", lambda values, **_: logged.update(values))
    pixels = torch.tensor([[0.75, 1.0, 0.5], [0.5, 0.5, 1.0]])[:, :, None, None].expand(2, 3, 2, 2)
    logits = [[1.0, 1.0, 0.0], [0.0, 0.0, 0.5]]  # (pixels - mean) / std
    labels = [0, 0]
    plain, smoothed = [], []
    for row, label in zip(logits, labels, strict=True):
        total = math.log(sum(map(math.exp, row)))
        surprise = [total - one for one in row]
        plain.append(surprise[label])
        smoothed.append(0.7 * surprise[label] + 0.3 * sum(surprise) / 3)
    loss = module.training_step((pixels, torch.tensor(labels)), 0)
    assert loss.item() == pytest.approx(sum(smoothed) / 2, rel=1e-5)
    assert logged["train_loss"] is loss
    module.validation_step((pixels, torch.tensor(labels)), 0)
    assert logged["validation_loss"].item() == pytest.approx(sum(plain) / 2, rel=1e-5)
    assert logged["validation_accuracy"].item() == pytest.approx(0.5)


def test_an_epochs_random_numbers_follow_from_the_seed_and_the_epoch() -> None:
    def drawn(seed: int, epoch: int) -> float:
        begin_epoch(tuning(seed=seed), epoch)
        return torch.rand(1).item()

    assert drawn(1, 2) == drawn(1, 2)
    assert len({drawn(seed, epoch) for seed in range(3) for epoch in range(3)}) == 9


def test_the_networks_tensors_are_taken_out_of_a_checkpoint() -> None:
    module = tuning()
    state = {f"network.{name}": one for name, one in module.network.state_dict().items()}
    found = state_of_network({"state_dict": {**state, "n_averaged": torch.tensor(3)}})
    assert list(found) == list(module.network.state_dict())

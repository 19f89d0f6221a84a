"""Which epoch a training ends with, on four numbers that pull against each other."""

import csv
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gnomon.classifier import Architecture, Preprocessing
from gnomon.training.data import Photo
from gnomon.training.fitting import fit
from gnomon.training.loading import Photographs
from gnomon.training.network import Beginner
from gnomon.training.settings import TrainingSettings

PLAIN = Preprocessing(size=(1, 1), mean=(0, 0, 0), std=(1, 1, 1))


class White:
    """Every photograph is white."""

    def canvas(self, image: Path) -> Tensor:
        return torch.full((3, 1, 1), 255, dtype=torch.uint8)

    def vary(self, canvas: Tensor) -> Tensor:
        return canvas.float() / 255


def white(count: int, label: str) -> Photographs:
    photos = [Photo(Path(f"{label}{number}.jpg"), label, None) for number in range(count)]
    return Photographs(photos, ("a", "b"), White())


def fitted(
    folder: Path, learnt: str, settings: TrainingSettings
) -> tuple[nn.Module, tuple[int, int], list[float]]:
    """Train on white pictures of one class, choose by those of class b; network, epochs, losses."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(3, 2))
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    head = frozenset({"1.weight", "1.bias"})
    begun = Beginner(network, Architecture("torchvision/tiny", 2), PLAIN, head, "0" * 64)
    epochs = fit(
        begun,
        white(8, learnt),
        white(2, "b"),
        settings,
        pretrained=False,
        device=torch.device("cpu"),
        precision="32-true",
        folder=folder,
        checkpoints=folder / "checkpoints",
        progress=lambda done, most: None,
        learnt=lambda epoch: None,
    )
    rows = csv.DictReader((folder / "logs/version_0/metrics.csv").read_text().splitlines())
    losses = [float(row["validation_loss"]) for row in rows if row["validation_loss"]]
    return network, epochs, losses


def loss_of(network: nn.Module) -> float:
    return functional.cross_entropy(network(torch.ones(1, 3, 1, 1)), torch.tensor([1])).item()


@pytest.mark.parametrize(
    ("learnt", "patience", "epochs", "best"),
    [("a", 2, 3, 1), ("a", 9, 5, 1), ("b", 2, 5, 5)],
)
def test_the_weights_of_the_lowest_validation_loss_are_kept(
    tmp_path: Path, learnt: str, patience: int, epochs: int, best: int
) -> None:
    settings = TrainingSettings(epochs=5, patience=patience, learning_rate=0.1, batch_size=4)
    network, found, losses = fitted(tmp_path, learnt, settings)
    assert found == (epochs, best)
    assert losses == sorted(losses, reverse=learnt == "b")
    assert loss_of(network) == pytest.approx(losses[best - 1], rel=1e-5)
    assert max(losses) - min(losses) > 0.1

from pathlib import Path

import torch
from torch import Tensor

from gnomon.training.data import Photo
from gnomon.training.loading import Photographs, Shuffled


class NoisyView:
    """Counts what is loaded; shows noise."""

    def __init__(self) -> None:
        self.loaded: list[Path] = []

    def canvas(self, image: Path) -> Tensor:
        self.loaded.append(image)
        return torch.zeros(3, 4, 4, dtype=torch.uint8)

    def vary(self, canvas: Tensor) -> Tensor:
        return canvas + torch.rand(3, 4, 4)


def test_an_epochs_order_is_its_own_and_the_same_each_time() -> None:
    def draws(seed: int, epoch: int) -> list[tuple[int, int]]:
        return list(Shuffled(30, seed, lambda: epoch))

    for epoch in range(3):
        assert sorted(row for row, _ in draws(0, epoch)) == list(range(30))
        assert draws(0, epoch) == draws(0, epoch)
    distinct = {tuple(draws(seed, epoch)) for seed in range(2) for epoch in range(3)}
    assert len(distinct) == 6


def test_a_draw_depends_on_row_and_seed_alone_and_leaves_the_generator_alone() -> None:
    photos = [Photo(Path(f"{name}.jpg"), name, None) for name in "ab"]
    view = NoisyView()
    shown = Photographs(photos, ("a", "b"), view)
    torch.manual_seed(1)
    first, label = shown[1, 77]
    following = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(following, torch.rand(1))
    assert label == 1
    torch.testing.assert_close(shown[1, 77][0], first, rtol=0, atol=0)
    assert not torch.equal(shown[1, 78][0], first)
    assert view.loaded == [Path("b.jpg")]

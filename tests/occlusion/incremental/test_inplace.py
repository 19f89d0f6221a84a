import torch
from torch import Tensor, nn

from gnomon.occlusion import DenseEngine
from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.incremental.inplace import overwriting
from gnomon.occlusion.incremental.trace import trace
from gnomon.occlusion.windows import window_grid


class Gated(nn.Module):
    """Convolutions behind a gate that every position has a share in, so that maps are whole."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.alone, self.shared = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3)
        self.norm, self.hooked = nn.GroupNorm(2, 6), nn.Conv2d(6, 6, 1)
        self.hooked.register_forward_hook(lambda *_: None)
        self.after_alone, self.after_shared = nn.SiLU(), nn.SiLU()
        self.after_norm, self.after_hooked = nn.ReLU(), nn.Hardswish()

    def forward(self, x: Tensor) -> Tensor:
        x = x * x.mean((2, 3), keepdim=True)
        x = self.after_alone(self.alone(x))
        y = self.shared(x)
        x = y + self.after_shared(y)
        x = self.after_norm(self.norm(x))
        outputs: Tensor = self.after_hooked(self.hooked(x)).mean((2, 3))
        return outputs


def test_only_what_nobody_else_reads_is_written_over() -> None:
    module = trace(Gated())
    found = overwriting(module, module.graph.nodes)
    assert [node.name for node in found] == ["after_alone"]
    assert [getattr(twin, "inplace", None) for twin in found.values()] == [True]
    assert not any(getattr(one, "inplace", False) for one in module.modules())


def test_what_lies_outside_of_the_nodes_is_not_written_over() -> None:
    module = trace(Gated())
    later = [node for node in module.graph.nodes if node.name != "alone"]
    assert not overwriting(module, later)


def test_whole_maps_come_out_as_from_the_dense_engine() -> None:
    generator = torch.Generator().manual_seed(1)
    windows = window_grid(20, 24, 4, 4)
    image = torch.randn(3, 20, 24, generator=generator).double()
    patches = torch.randn(len(windows), 3, 4, 4, generator=generator).double()
    network, engine = Gated().double(), IncrementalEngine(Gated().double())
    expected = DenseEngine(network).outputs(image, windows, patches)
    for _ in range(2):
        given = engine.outputs(image, windows, patches)
        assert (given - expected).abs().max() < 1e-10 * expected.abs().max()

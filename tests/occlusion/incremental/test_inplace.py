import torch
from torch import Tensor, fx, nn

from gnomon.occlusion import DenseEngine
from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.incremental.analysis import analyze
from gnomon.occlusion.incremental.refusal import Refusals
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


def overwriting(module: fx.GraphModule) -> dict[str, nn.Module]:
    """Find what is called where a whole map is written over."""
    steps, _ = analyze(module, torch.zeros(1, 3, 20, 24), Refusals("a network"))
    return {step.node.name: step.in_place for step in steps if step.in_place is not None}


def test_only_what_nobody_else_reads_is_written_over() -> None:
    module = trace(Gated())
    found = overwriting(module)
    assert list(found) == ["after_alone"]
    assert [getattr(twin, "inplace", None) for twin in found.values()] == [True]
    assert not any(getattr(one, "inplace", False) for one in module.modules())


def test_a_region_is_not_written_over() -> None:
    convolution, no_rule = nn.Conv2d(3, 6, 3), nn.RReLU()
    module = trace(nn.Sequential(convolution, no_rule, nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    steps, _ = analyze(module, torch.zeros(1, 3, 20, 24), Refusals("a network"))
    assert [step.kind for step in steps][1:3] == ["carried", "whole"]
    assert not overwriting(module)


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

import pytest
import torch
import torchvision
from torch import Tensor, nn

from gnomon.errors import SettingError
from gnomon.occlusion import DenseEngine, IncrementalEngine
from gnomon.occlusion.precision import Precise
from gnomon.occlusion.windows import window_grid


def scene(size: int = 64) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    windows = window_grid(size, size, 16, 8)
    windows = torch.cat([windows[:1], windows])
    return (
        torch.randn(3, size, size, generator=draw),
        windows,
        torch.randn(len(windows), 3, 16, 16, generator=draw),
    )


def resnet() -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = torchvision.models.resnet18().eval()
    return made


@pytest.mark.parametrize("make", [DenseEngine, IncrementalEngine])
@pytest.mark.parametrize(("precision", "share"), [("bfloat16", 0.05), ("float16", 0.01)])
def test_a_short_precision_is_near_and_the_network_stays(
    make: type[DenseEngine] | type[IncrementalEngine], precision: str, share: float
) -> None:
    network = resnet()
    expected = Precise(make, network).outputs(*scene())
    found = Precise(make, network, precision).outputs(*scene())
    assert found.dtype == torch.float32
    difference = (found - expected).abs().max() / expected.abs().max()
    assert 0 < difference < share
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_full_is_the_network_s_own() -> None:
    network = resnet().double()
    image, windows, patches = scene()
    given = (image.double(), windows, patches.double())
    found = Precise(DenseEngine, network).outputs(*given)
    assert torch.equal(found, DenseEngine(network).outputs(*given))
    assert found.dtype == torch.float64


class Asked:
    """An engine that notes what a GPU may do."""

    name = "asked"

    def __init__(self, network: nn.Module) -> None:
        self.shortened: list[bool] = []

    def outputs(self, image: Tensor, windows: Tensor, patches: Tensor, _: object = None) -> Tensor:
        switches = (torch.backends.cuda.matmul, torch.backends.cudnn)
        self.shortened = [switch.allow_tf32 for switch in switches]
        raise RuntimeError("seen")


@pytest.mark.parametrize(("precision", "expected"), [("full", False), ("tf32", True)])
def test_tf32_is_by_choice_and_the_switches_go_back(precision: str, expected: bool) -> None:
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [switch.allow_tf32 for switch in switches]
    engine = Precise(Asked, nn.Identity(), precision)
    with pytest.raises(RuntimeError, match="seen"):
        engine.outputs(*scene())
    assert isinstance(engine.engine, Asked)
    assert engine.engine.shortened == [expected, expected]
    assert [switch.allow_tf32 for switch in switches] == before


def test_an_unknown_precision_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="bfloat16"):
        Precise(DenseEngine, resnet(), "bfloat61")

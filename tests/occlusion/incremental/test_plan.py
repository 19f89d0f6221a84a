import io

import pytest
import torch
import torchvision
from rich.console import Console
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gnomon.errors import SettingError
from gnomon.occlusion import winograd
from gnomon.occlusion.incremental import IncrementalEngine, engine, plan
from gnomon.occlusion.incremental.machine import TYPICAL
from gnomon.occlusion.windows import window_grid


class Excited(nn.Module):
    """A convolution, squeeze-and-excitation, a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Conv2d(3, 32, 3, padding=1)
        self.after = nn.Conv2d(32, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        x = x * torch.sigmoid(x.mean((2, 3), keepdim=True))
        scores: Tensor = self.after(x).mean((2, 3))
        return scores


@pytest.fixture(autouse=True)
def typical(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan for a typical machine, whatever this one is."""
    monkeypatch.setattr(engine, "machine_of", lambda device: TYPICAL["cpu"])


def empty_vgg16() -> nn.Module:
    with torch.device("meta"):
        network = torchvision.models.vgg16()
    emptied: nn.Module = network.to_empty(device="cpu")
    for values in emptied.parameters():
        nn.init.zeros_(values)
    return emptied


@pytest.mark.slow
def test_vgg16_comes_near_the_ideal_the_direct_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "pays", lambda module: False)
    planned = plan(empty_vgg16(), (224, 224), patch=16, stride=8)
    assert planned.windows == 729
    assert planned.dense_multiply_adds == pytest.approx(729 * 15.47e9, rel=0.01)
    assert planned.dense_multiply_adds / planned.ideal_multiply_adds == pytest.approx(9.1, rel=0.03)
    assert planned.ratio > 8.0
    assert {node.path for node in planned.nodes if node.operation == "Conv2d"} == {"incremental"}


@pytest.mark.slow
def test_winograds_way_groups_sizes_that_fill_the_same_tiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = empty_vgg16()
    tiled = plan(network, (224, 224), patch=16, stride=8)
    monkeypatch.setattr(winograd, "pays", lambda module: False)
    direct = plan(network, (224, 224), patch=16, stride=8)
    assert tiled.groups < direct.groups
    assert direct.ratio > tiled.ratio > 0.75 * direct.ratio


def test_the_count_is_what_runs_the_direct_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "pays", lambda module: False)
    torch.manual_seed(0)
    network = torchvision.models.resnet18().eval()
    windows = window_grid(96, 96, 16, 8)
    image, patches = torch.randn(3, 96, 96), torch.randn(len(windows), 3, 16, 16)
    incremental = IncrementalEngine(network)
    planned = incremental.plan(image, windows, 16)
    with FlopCounterMode(display=False) as counter:
        incremental.outputs(image, windows, patches)
    assert counter.get_total_flops() / 2 == pytest.approx(planned.multiply_adds, rel=0.01)


def test_what_mixes_all_positions_is_dense_from_there_on() -> None:
    planned = plan(Excited(), (64, 64), patch=8, stride=8)
    paths = {node.name: node.path for node in planned.nodes}
    assert (paths["before"], paths["after"]) == ("incremental", "dense")
    after = next(node for node in planned.nodes if node.name == "after")
    assert after.multiply_adds == after.dense_multiply_adds


def test_timms_convolution_that_pads_as_tensorflow_does_is_known_by_its_name() -> None:
    network = nn.Sequential(Conv2dSame(3, 8, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert plan(network, (64, 64)).nodes[0].path == "incremental"


def test_few_windows_run_densely() -> None:
    for network in (torchvision.models.squeezenet1_1(), torchvision.models.swin_t()):
        planned = plan(network, (64, 64), patch=64, stride=8)
        assert planned.windows == 1
        assert planned.multiply_adds == planned.dense_multiply_adds


def test_a_plan_is_a_table() -> None:
    out = io.StringIO()
    Console(file=out, width=160).print(plan(Excited(), (64, 64), patch=8, stride=8))
    assert "before" in out.getvalue()
    assert "times less" in out.getvalue()


def test_a_patch_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(SettingError, match="patch is 65"):
        plan(Excited(), (64, 64), patch=65)

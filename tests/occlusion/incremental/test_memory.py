import pytest
import torch
import torchvision
from torch import nn
from torch.profiler import ProfilerActivity, profile

from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.windows import window_grid

GIB = 1 << 30


def peak_bytes(network: nn.Module, size: int, stride: int) -> int:
    """Bytes that the CPU allocator has out at most, the network and the inputs aside."""
    image = torch.randn(3, size, size)
    windows = window_grid(size, size, 16, stride)
    patches = torch.randn(len(windows), 3, 16, 16)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        IncrementalEngine(network).outputs(image, windows, patches)
    assert profiled.profiler is not None
    events = [e for e in profiled.profiler.kineto_results.events() if e.name() == "[memory]"]
    live = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        live += event.nbytes()
        peak = max(peak, live)
    return peak


@pytest.mark.filterwarnings("ignore")  # the profiler's own
def test_the_count_sees_what_is_allocated() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 256, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 2)
    )
    clean_map = 256 * 64 * 64 * 4
    assert clean_map <= peak_bytes(network, 64, 32) < 4 * clean_map


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_vgg19_at_448_pixels_stays_under_two_gibibytes() -> None:
    assert peak_bytes(torchvision.models.vgg19().eval(), 448, stride=48) < 2 * GIB

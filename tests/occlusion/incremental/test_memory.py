from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, fx, nn
from torch.profiler import ProfilerActivity, profile

from gnomon.errors import GnomonError
from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.incremental import IncrementalEngine, engine
from gnomon.occlusion.incremental.groups import Batch, Group
from gnomon.occlusion.incremental.run import Run
from gnomon.occlusion.incremental.schedule import Schedule
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
@pytest.mark.filterwarnings("ignore")  # the profiler's own
def test_vgg19_at_448_pixels_stays_under_two_gibibytes() -> None:
    assert peak_bytes(torchvision.models.vgg19().eval(), 448, stride=48) < 2 * GIB


class Pool:
    """Stands in for a device's memory: batches of more than ``room`` windows do not fit."""

    def __init__(self, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[int] = []
        carry = Run._batch

        def bounded(run: Run, group: Group, batch: Batch, patches: Tensor) -> dict[fx.Node, Any]:
            if len(batch.rows) > room:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
            self.seen.append(len(batch.rows))
            return carry(run, group, batch, patches)

        monkeypatch.setattr(Run, "_batch", bounded)


def small_scene() -> tuple[nn.Module, tuple[Tensor, Tensor, Tensor]]:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 4, 3, padding=1),
        nn.Flatten(),
        nn.Linear(4 * 24 * 32, 5),
    )
    windows = window_grid(48, 64, 8, 4)
    scene = torch.rand(3, 48, 64), windows, torch.rand(len(windows), 3, 8, 8)
    return network.eval(), scene


@pytest.mark.parametrize("room", [1, 5, 13])
def test_out_of_memory_halves_a_batch_and_the_work_goes_on(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, scene = small_scene()
    expected = DenseEngine(network).outputs(*scene)
    pool, told = Pool(room, monkeypatch), list[int]()
    monkeypatch.setattr(engine, "known_outcome", lambda *_: "")
    outputs = IncrementalEngine(network).outputs(*scene, told.append)
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-5)
    assert max(pool.seen) <= room
    assert sum(pool.seen) == sum(told) == len(expected)


def test_images_that_do_not_fit_together_go_on_as_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    network, (image, windows, patches) = small_scene()
    images = torch.stack([image, image.flip(1), image.flip(2)])
    fillings = torch.stack([patches, patches.flip(2), patches.flip(3)])
    pairs = zip(images, fillings, strict=True)
    expected = torch.stack([DenseEngine(network).outputs(a, windows, b) for a, b in pairs])
    begin, seen, told = Run.__init__, list[int](), list[int]()

    def bounded(
        run: Run, module: fx.GraphModule, schedule: Schedule, images: Tensor, watch: Any = None
    ) -> None:
        if len(images) > room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        seen.append(len(images))
        begin(run, module, schedule, images)

    monkeypatch.setattr(Run, "__init__", bounded)
    monkeypatch.setattr(engine, "known_outcome", lambda *_: "")
    made, room = IncrementalEngine(network), 1
    outputs = made.outputs_of_several(images, windows, fillings, told.append)
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-5)
    assert seen == [1, 1, 1]
    assert sum(told) == 3 * len(windows)
    room = 0
    with pytest.raises(GnomonError, match=r"64x48 .* smaller model size"):
        made.outputs_of_several(images, windows, fillings)


def test_memory_for_not_even_one_window_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, scene = small_scene()
    Pool(0, monkeypatch)
    with pytest.raises(GnomonError, match=r"64x48 .* smaller model size"):
        IncrementalEngine(network).outputs(*scene)

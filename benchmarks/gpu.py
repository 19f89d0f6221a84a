"""A GPU's rows: exact occlusion against dense, images a second, peak memory; into results/gpu/.

VGG-19, VGG-16, ResNet-50 and EfficientNet-Lite0 with random weights at 224 px, all 729 windows, in
float32 and bfloat16: the incremental engine's outputs beside those of whole passes, and how many
times as fast. Then images a second of the default preset, of ``fast`` and of the whole coarse map,
one by one and in batches of photographs. ``--self-test`` runs it all small, on any machine.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import timm
import torch
import torchvision
from torch import Tensor, nn

from gnomon import Detector
from gnomon.images import find_images
from gnomon.occlusion import DenseEngine, IncrementalEngine, window_grid
from gnomon.occlusion.precision import Precise
from gnomon.types import Image
from measure import RESULTS, cpu_name

PATCH, STRIDE = 16, 8
SAMPLES = Path(__file__).parents[1] / "samples"
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "vgg19": torchvision.models.vgg19,
    "vgg16": torchvision.models.vgg16,
    "resnet50": torchvision.models.resnet50,
    "efficientnet_lite0": lambda: timm.create_model("efficientnet_lite0"),
}
PRECISIONS = ("full", "bfloat16")


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One network in one precision: seconds of each engine, and how far apart their outputs are.

    ``apart`` is a part of the largest output; ``peak_gib`` the memory that the incremental engine
    took on the GPU, 0 on a CPU.
    """

    network: str
    precision: str
    windows: int
    incremental_seconds: float
    dense_seconds: float
    ratio: float
    apart: float
    peak_gib: float


@dataclass(frozen=True, slots=True)
class DetectRow:
    """Images a second of one way to detect, so many at a time."""

    way: str
    at_a_time: int
    images_a_second: float
    peak_gib: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="the file to write; by the card's name otherwise")
    parser.add_argument("--self-test", action="store_true", help="one small network, few windows")
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not options.self_test:
        print("skipped: there is no GPU; --self-test runs it small", file=sys.stderr)
        return 0
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    name = torch.cuda.get_device_name() if device.type == "cuda" else cpu_name()
    size, networks = (64, ["efficientnet_lite0"]) if options.self_test else (224, list(NETWORKS))
    out = options.out or RESULTS / "gpu" / f"{name.lower().replace(' ', '-')}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    engines: list[EngineRow] = []
    detections: list[DetectRow] = []

    def write() -> None:
        """Write what there is so far: a later row may run out of memory or time."""
        ratios = [row.ratio for row in engines]
        values = {
            "claim": f"{name}: incremental {min(ratios):.1f} to {max(ratios):.1f} times as fast as"
            " dense",
            "engines": [asdict(row) for row in engines],
            "detections": [asdict(row) for row in detections],
            "device": name,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        }
        out.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")

    for network in networks:
        for precision in PRECISIONS[:1] if options.self_test else PRECISIONS:
            engines.append(engine_row(network, precision, size, device))
            write()
    for row in detect_rows(device, small=options.self_test):
        detections.append(row)
        write()
    print(out)
    return 0


@torch.no_grad()
def engine_row(network: str, precision: str, size: int, device: torch.device) -> EngineRow:
    """Run one network's windows through both engines."""
    torch.manual_seed(0)
    model = NETWORKS[network]().eval().to(device)
    image = torch.randn(3, size, size, device=device)
    windows = window_grid(size, size, PATCH, STRIDE)
    patches = torch.randn(len(windows), 3, PATCH, PATCH, device=device)
    exact = Precise(DenseEngine, model, "full").outputs(image, windows, patches)
    incremental = Precise(IncrementalEngine, model, precision)
    dense = Precise(DenseEngine, model, precision)
    found, seconds, peak = timed(lambda: incremental.outputs(image, windows, patches), device)
    _, dense_seconds, _ = timed(lambda: dense.outputs(image, windows, patches), device)
    apart = float((found.float() - exact).abs().max() / exact.abs().max())
    row = EngineRow(
        network,
        precision,
        len(windows),
        seconds,
        dense_seconds,
        dense_seconds / seconds,
        apart,
        peak,
    )
    print(row, flush=True)
    return row


def timed(work: Callable[[], Tensor], device: torch.device) -> tuple[Tensor, float, float]:
    """Do some work twice; give its result, the second time's seconds, and the peak in GiB."""
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    start = perf_counter()
    result = work()
    peak = 0.0
    if device.type == "cuda":
        torch.cuda.synchronize()
        peak = torch.cuda.max_memory_allocated() / 2**30
    return result, perf_counter() - start, peak


def detect_all(detector: Detector, images: list[Image], at_a_time: int) -> Tensor:
    """Detect in all images, so many at a time."""
    for first in range(0, len(images), at_a_time):
        detector.detect_several(images[first : first + at_a_time])
    return torch.empty(0)


def detect_rows(device: torch.device, *, small: bool) -> Iterator[DetectRow]:
    """Count images a second of the presets, and of the whole map in batches."""
    paths = list(find_images([SAMPLES]))[: 2 if small else 10]
    size = 96 if small else None
    default = Detector(device=device.type, size=size)
    ways = {
        "default": default,
        "fast": Detector(device=device.type, size=size, preset="fast"),
        "whole map": default.with_settings(coarse="map", stride=16 if small else STRIDE),
    }
    for way, detector in ways.items():
        images = [detector.load(str(path)) for path in paths]
        for at_a_time in (1, 2 if small else 8):
            _, seconds, peak = timed(partial(detect_all, detector, images, at_a_time), device)
            row = DetectRow(way, at_a_time, len(images) / seconds, peak)
            print(row, flush=True)
            yield row


if __name__ == "__main__":
    sys.exit(main())

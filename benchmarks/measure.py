"""What the benchmarks share: fair timing in one process, and results kept as JSON."""

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from gnomon.presets import SettingChanges

MAP_PEAKS: SettingChanges = {
    "points": "map",
    "coarse": "map",
    "fine": "guided-layers",
    "coarse_smoothing": 8.0,
    "fine_smoothing": 1.0,
    "coarse_weight": 0.05,
    "radius": 10.0,
    "keep": 0.1,
    "refine_window": 7,
    "refine_sums": "weighted",
}
"""The best peaks of the confidence map: the default before keypoints came from structure."""

RESULTS = Path(__file__).parent / "results"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def alternate(rivals: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time each rival once a round, in turn, so that a busy machine slows all of them; seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            start = perf_counter()
            run()
            seconds[name].append(perf_counter() - start)
    return seconds


def ratios(slow: list[float], fast: list[float]) -> dict[str, float]:
    """How many times as fast, round by round: median, lowest and highest."""
    each = [one / other for one, other in zip(slow, fast, strict=True)]
    return {"median": median(each), "lowest": min(each), "highest": max(each)}


def record(name: str, values: Mapping[str, object], packages: tuple[str, ...] = ()) -> None:
    """Print the results and write them to ``results/NAME.json``, with machine and versions."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    machine = {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load_at_the_end": load,
    }
    versions = {"python": platform.python_version()}
    versions |= {package: version(package) for package in ("torch", *packages)}
    text = json.dumps({**values, "machine": machine, "versions": versions}, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def present(folder: Path) -> Path:
    """Give the folder of a data set; a benchmark that lacks it says so and ends as skipped."""
    if not folder.exists():
        print(f"skipped: there is no {folder}", file=sys.stderr)
        sys.exit(0)
    return folder


def cub10(data: Path) -> str:
    """Name the birds in the folder of the data sets."""
    return f"cub:{present(data / 'cub10')}"


def car_parts(data: Path) -> str:
    """Name the cars in the folder of the data sets."""
    return f"car_parts:{present(data / 'car_parts')}"


def recorded(name: str) -> dict[str, Any]:
    """Read what ``record`` wrote last, if it did."""
    path = RESULTS / f"{name}.json"
    written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return written


def cpu_name() -> str:
    """Name the processor's model, as the system does."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

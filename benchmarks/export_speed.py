"""How fast each format is written, and that its memory does not grow with the run.

A run of a tenth of the points, then one of all: one process each, on Linux. Run by `make bench`, or
`python benchmarks/export_speed.py --points 100000` for smaller runs.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.classifier import Preprocessing
from gnomon.export import EXPORTERS, export_run
from gnomon.presets import Settings
from gnomon.runs import RunInfo
from gnomon.tables import IMAGES, KEYPOINTS, image_id
from measure import record

POINTS_AN_IMAGE = 50
IMAGES_A_PART = 64


def write_photographs(home: Path, count: int) -> list[str]:
    """Write tiny photographs, for the formats that copy them, in 100 folders."""
    home.mkdir()
    PIL.Image.new("RGB", (8, 8)).save(home / "one.jpg")
    content = (home / "one.jpg").read_bytes()
    paths = [home / str(n % 100) / f"{n}.jpg" for n in range(count)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return list(map(str, paths))


def write_run(folder: Path, photographs: list[str]) -> None:
    """Write a run of these photographs, as if they were larger."""
    rng = np.random.default_rng(0)
    n_images = len(photographs)
    for name in ("images", "keypoints"):
        (folder / name).mkdir(parents=True)
    for first in range(0, n_images, IMAGES_A_PART):
        numbers = range(first, min(first + IMAGES_A_PART, n_images))
        ids = [image_id(photographs[n]) for n in numbers]
        count = len(ids) * POINTS_AN_IMAGE
        images = {name: [0] * len(ids) for name in IMAGES.names} | {
            "image_id": ids,
            "path": [photographs[n] for n in numbers],
            "content_hash": ["0" * 64] * len(ids),
            "width": [640] * len(ids),
            "height": [480] * len(ids),
            "label": [f"class {n % 20}" for n in numbers],
            "n_keypoints": [POINTS_AN_IMAGE] * len(ids),
        }
        points = {name: rng.uniform(0, 400, count) for name in KEYPOINTS.names} | {
            "image_id": np.repeat(ids, POINTS_AN_IMAGE),
            "rank": np.tile(np.arange(1, POINTS_AN_IMAGE + 1), len(ids)),
            "score": -rng.uniform(0, 2, count),
            "refined": np.ones(count, dtype=bool),
            "part": np.full(count, -1),
        }
        name = f"part-{first // IMAGES_A_PART:06d}.parquet"
        keys = {key: points[key] for key in KEYPOINTS.names}
        pq.write_table(pa.table(keys, schema=KEYPOINTS), folder / "keypoints" / name)
        rows = {key: images[key] for key in IMAGES.names}
        pq.write_table(pa.table(rows, schema=IMAGES), folder / "images" / name)
    info = RunInfo(
        classifier="none",
        weights_sha256="0" * 64,
        preprocessing=Preprocessing(),
        preset="default",
        settings=Settings(),
        device="cpu",
    )
    n_keypoints = n_images * POINTS_AN_IMAGE
    replace(info, n_images=n_images, n_keypoints=n_keypoints).write(folder)


def memory_mib(kind: str) -> float:
    """Read a line of this process's status: VmRSS is its memory now, VmHWM the peak of it."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[kind].split()[0]) / 1024


def one(run: Path, format_: str, out: Path) -> dict[str, Any]:
    """Export once in this process; what was imported before counts to the peak."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    imported, begin = memory_mib("VmRSS"), perf_counter()
    done = export_run(run, format_, out)
    seconds, peak = perf_counter() - begin, memory_mib("VmHWM")
    return {
        "points": done.n_points,
        "seconds": round(seconds, 2),
        "points_a_second": round(done.n_points / seconds),
        "peak_mib": round(peak, 1),
        "above_imports_mib": round(peak - imported, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", default=sorted(EXPORTERS))
    parser.add_argument("--one", nargs=3)
    args = parser.parse_args()
    if args.one:
        run, format_, out = args.one
        print(json.dumps(one(Path(run), format_, Path(out))))
        return
    found: dict[str, Any] = {}
    with TemporaryDirectory() as temporary:
        home = Path(temporary)
        photographs = write_photographs(home / "photographs", args.points // POINTS_AN_IMAGE)
        runs = {"small": photographs[: len(photographs) // 10], "large": photographs}
        for size, paths in runs.items():
            write_run(home / size, paths)
        for name in args.formats:
            for size in runs:
                out = home / f"{name}-{size}"
                command = [sys.executable, __file__, "--one", str(home / size), name, str(out)]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                found.setdefault(name, {})[size] = json.loads(said)
            small, large = found[name].values()
            found[name]["peak_ratio"] = round(large["peak_mib"] / small["peak_mib"], 3)
            print(
                f"{name:14} {large['points_a_second']:8} points/s"
                f" {small['peak_mib']:7} -> {large['peak_mib']:7} MiB,"
                f" x {found[name]['peak_ratio']}"
                f" (above imports {small['above_imports_mib']} -> {large['above_imports_mib']})",
                flush=True,
            )
    record("export_speed", {"formats": found}, ("pyarrow", "h5py", "pycolmap", "tables"))


if __name__ == "__main__":
    main()

"""How long an export of a million points takes, and how much memory: one process a format.

Run by `make bench`, or `python benchmarks/export_speed.py --points 100000` for a smaller run.
"""

import argparse
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.classifier import Preprocessing
from gnomon.export import EXPORTERS, export_run
from gnomon.presets import Settings
from gnomon.runs import RunInfo
from gnomon.runs.tables import IMAGES, KEYPOINTS, image_id
from measure import record

POINTS_AN_IMAGE = 50
IMAGES_A_PART = 64
WITHOUT_PHOTOGRAPHS = sorted(set(EXPORTERS) - {"deeplabcut", "hf", "yolo"})


def write_run(folder: Path, n_points: int) -> None:
    """Write a run of images that are not there, as large as asked."""
    rng = np.random.default_rng(0)
    n_images = n_points // POINTS_AN_IMAGE
    for name in ("images", "keypoints"):
        (folder / name).mkdir(parents=True)
    for first in range(0, n_images, IMAGES_A_PART):
        numbers = range(first, min(first + IMAGES_A_PART, n_images))
        ids = [image_id(f"/photographs/{n % 100}/{n}.jpg") for n in numbers]
        count = len(ids) * POINTS_AN_IMAGE
        images = {name: [0] * len(ids) for name in IMAGES.names} | {
            "image_id": ids,
            "path": [f"/photographs/{n % 100}/{n}.jpg" for n in numbers],
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
    replace(info, n_images=n_images, n_keypoints=n_points).write(folder)


def one(run: Path, format_: str, out: Path) -> dict[str, Any]:
    """Export once in this process."""
    begin = perf_counter()
    done = export_run(run, format_, out)
    seconds = perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"points": done.n_points, "seconds": round(seconds, 2), "peak_mib": round(peak)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=3)
    args = parser.parse_args()
    if args.one:
        run, format_, out = args.one
        print(json.dumps(one(Path(run), format_, Path(out))))
        return
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in WITHOUT_PHOTOGRAPHS}
    with TemporaryDirectory() as home:
        for points in (args.points // 10, args.points):
            run = Path(home) / f"run-{points}"
            write_run(run, points)
            for name, rows in found.items():
                out = Path(home) / f"{name}-{points}"
                command = [sys.executable, __file__, "--one", str(run), name, str(out)]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                rows.append(json.loads(said))
                print(f"{name:14} {rows[-1]}")
    record("export_speed", {"formats": found}, ("pyarrow", "h5py", "pycolmap"))


if __name__ == "__main__":
    main()

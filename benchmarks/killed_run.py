"""A run over thousands of photographs, killed three times, has the rows of one that was not.

The photographs are those of ../shared/data, copied under new names until there are enough. One
run goes undisturbed, on the serial executor; the other, on the local one, is killed with all its
workers by SIGKILL at a quarter, a half and three quarters, and resumed each time.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from gnomon.images import find_images
from gnomon.runs import read_run
from measure import DATA, present, record

SETTINGS = ("--size", "96", "96", "--stride", "32", "--no-figures", "--device", "cpu")


def copies(folder: Path, n: int) -> None:
    """Fill a folder with n photographs."""
    folder.mkdir()
    for number, path in enumerate(islice(cycle(find_images([present(DATA)])), n)):
        shutil.copy(path, folder / f"{number:05}{Path(path).suffix}")


def detect(folder: Path, out: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gnomon", "detect", str(folder), "--out", str(out)]
    return subprocess.Popen(
        [*command, *SETTINGS, "--threads", "1", "--quiet", *words], start_new_session=True
    )


def done(out: Path) -> int:
    """Count the parts of a run that are on disk."""
    images = out / "images"
    return len(list(images.glob("part-*.parquet"))) if images.exists() else 0


def kill_at(parts: int, process: subprocess.Popen[bytes], out: Path) -> None:
    """Kill a run and its workers as soon as it has so many parts."""
    while done(out) < parts and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def rows(out: Path) -> tuple[list[Any], list[str]]:
    run = read_run(out)
    images = run.images.drop_columns(["seconds"]).sort_by("image_id").to_pylist()
    order = [("image_id", "ascending"), ("rank", "ascending")]
    return images, [str(row) for row in run.keypoints.sort_by(order).to_pylist()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    n = parser.parse_args().images
    with tempfile.TemporaryDirectory() as home:
        folder, whole, cut = (Path(home) / name for name in ("photographs", "whole", "cut"))
        copies(folder, n)
        begin = time.perf_counter()
        detect(folder, whole).wait()
        undisturbed = time.perf_counter() - begin
        starts = []
        for quarter in (1, 2, 3, 4):
            begin = time.perf_counter()
            before = done(cut)
            process = detect(folder, cut, "--resume", "--executor", "local", "--workers", "2")
            if quarter < 4:
                kill_at(done(whole) * quarter // 4, process, cut)
            else:
                process.wait()
            starts.append(
                {
                    "seconds": time.perf_counter() - begin,
                    "parts_before": before,
                    "parts_after": done(cut),
                    "ended_by": "SIGKILL" if quarter < 4 else f"exit {process.returncode}",
                }
            )
        same = rows(whole) == rows(cut)
        info = read_run(cut).info
        values = {
            "claim": "rows after three kills equal those of an undisturbed run",
            "settings": " ".join(SETTINGS),
            "images": info.n_images,
            "keypoints": info.n_keypoints,
            "failures": info.n_failures,
            "undisturbed_seconds": undisturbed,
            "starts": starts,
            "rows_equal": same,
        }
    record("killed_run", values, ("pyarrow",))
    return 0 if same and info.n_images == n else 1


if __name__ == "__main__":
    sys.exit(main())

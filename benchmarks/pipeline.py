"""What a run costs beside its network: throughput, memory, listing, resuming.

The whole pipeline (reading, decoding, detecting, writing) against the bare detector on images in
memory, the default preset, serial, without figures: at least 0.9 of its images per second. Memory
after 500 and after 10,000 images of one run (64 px, so that it ends): at most 1.1 times as much. A
million names: listed in a minute and a gigabyte. That run of 10,000 when it is 90 % done: going on
takes less than 2 % of the whole until its first new image is begun.
"""

import argparse
import os
import sys
from collections.abc import Generator, Iterable
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from gnomon.images import find_images
from gnomon.runs import RunInfo
from gnomon.runs.listing import Input, write_listing
from gnomon.runs.store import open_store
from gnomon.runs.writer import Shard
from gnomon.scale import Finder, Job, Recipe, Unseen, Watch, detect_run, list_inputs
from gnomon.scale.job import Done
from gnomon.scale.serial import SerialExecutor
from measure import record

SAMPLES = Path(__file__).parents[1] / "samples"
MIB = 1 << 20


class FirstImageError(Exception):
    """The first new image is about to begin."""


class Memory(Unseen):
    """Notes the resident memory after so many images."""

    def __init__(self, at: tuple[int, ...]) -> None:
        self.mib: dict[int, float] = {}
        self._at = at
        self._done = 0

    def image_done(self, count: int = 1) -> None:
        """Look at the memory."""
        self._done += count
        if self._done in self._at:
            self.mib[self._done] = psutil.Process().memory_info().rss / MIB


class Stops(SerialExecutor):
    """Takes the first shard, and no more."""

    def run(
        self, job: Job, finder: Finder, shards: Iterable[Shard], watch: Watch
    ) -> Generator[Done]:
        """Take it."""
        next(iter(shards))
        raise FirstImageError
        yield


def links(folder: Path, n: int) -> list[Input]:
    """Give the samples n names."""
    folder.mkdir()
    inputs = []
    for number, path in enumerate(islice(cycle(find_images([SAMPLES])), n)):
        os.link(path, folder / f"{number:06}.jpg")
        inputs.append(Input(str(folder / f"{number:06}.jpg")))
    return inputs


def throughput(home: Path, n: int, rounds: int) -> dict[str, object]:
    """Compare images a second, in turn."""
    recipe = Recipe(device="cpu", changes={})
    detector = recipe()
    inputs = links(home / "few", n)
    loaded = [detector.load(one.path) for one in inputs]
    bare, whole, idle = [], [], []
    for turn in range(rounds):
        begin = perf_counter()
        for image in loaded:
            detector.detect(image)
        bare.append(n / (perf_counter() - begin))
        job = Job(make=recipe, out=str(home / f"run{turn}"), figures=False)
        begin = perf_counter()
        done = detect_run(
            job, detector, RunInfo.of(detector, "default"), lambda: inputs, SerialExecutor()
        )
        whole.append(n / (perf_counter() - begin))
        idle.append(done.idle)
    shares = [ours / theirs for ours, theirs in zip(whole, bare, strict=True)]
    return {
        "images": n,
        "bare_images_per_second": median(bare),
        "pipeline_images_per_second": median(whole),
        "share": median(shares),
        "device_idle": median(idle),
    }


def long_run(home: Path, n: int) -> tuple[dict[str, object], dict[str, object]]:
    """Watch the memory of one run, and go on with it when a tenth of its parts is gone."""
    recipe = Recipe(device="cpu", size=(64, 64), changes={"stride": 32})
    detector, inputs = recipe(), links(home / "many", n)
    job = Job(make=recipe, out=str(home / "long"), figures=False)
    memory = Memory((min(500, n // 2), n))
    begin = perf_counter()
    detect_run(
        job,
        detector,
        RunInfo.of(detector, "default"),
        lambda: inputs,
        SerialExecutor(),
        watch=memory,
    )
    whole = perf_counter() - begin
    parts = sorted((home / "long" / "images").iterdir())
    for part in parts[-(len(parts) // 10 or 1) :]:
        part.unlink()
    begin = perf_counter()
    try:
        detect_run(
            job, recipe(), RunInfo.of(detector, "default"), lambda: inputs, Stops(), resume=True
        )
    except FirstImageError:
        again = perf_counter() - begin
    first, last = memory.mib.values()
    return (
        {"images": n, "mib": memory.mib, "ratio": last / first},
        {"whole_seconds": whole, "resume_seconds": again, "share": again / whole},
    )


def listing(home: Path, n: int) -> dict[str, object]:
    """List n names in folders of a thousand."""
    top = home / "names"
    for number in range(n):
        if number % 1000 == 0:
            folder = top / f"{number // 1000:06}"
            folder.mkdir(parents=True)
        (folder / f"{number:09}.jpg").touch()
    process = psutil.Process()
    before, begin = process.memory_info().rss, perf_counter()
    found = write_listing(open_store(home / "listed"), list_inputs([str(top)]))
    seconds = perf_counter() - begin
    more = (process.memory_info().rss - before) / MIB
    return {"names": found.n_inputs, "seconds": seconds, "more_mib": more}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="for the throughput")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=10_000, help="images of the long run")
    parser.add_argument("--names", type=int, default=1_000_000)
    given = parser.parse_args()
    with TemporaryDirectory(dir=SAMPLES.parent, prefix=".pipeline-") as folder:
        home = Path(folder)
        names = listing(home, given.names)
        speed = throughput(home, given.images, given.rounds)
        memory, resume = long_run(home, given.long)
    values = {
        "claim": "share of the bare detector >= 0.9, memory ratio <= 1.1, a million names in 60 s"
        " and 1 GiB, resume share < 0.02",
        "throughput": speed,
        "memory": memory,
        "listing": names,
        "resume": resume,
    }
    record("pipeline", values, ("pyarrow",))
    held = (
        float(str(speed["share"])) >= 0.9
        and float(str(memory["ratio"])) <= 1.1
        and float(str(names["seconds"])) < 60
        and float(str(names["more_mib"])) < 1024
        and float(str(resume["share"])) < 0.02
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())

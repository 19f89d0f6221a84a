"""A detector without a network, and what goes wrong around it; imported by worker processes."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import fsspec
import numpy as np
import PIL.Image
import torch
from drawn import drawn_info
from fsspec.implementations.local import LocalFileSystem

from gnomon.detection import Detection
from gnomon.images import Picture, load_image
from gnomon.images.hosts import Hosts
from gnomon.interrupt import Interrupts
from gnomon.runs import RunInfo, read_run
from gnomon.runs.listing import Input
from gnomon.runs.writer import Shard
from gnomon.scale import Job, Unseen, Watch, detect_run
from gnomon.scale.executors import Executor
from gnomon.scale.worker import Worker
from gnomon.types import Heatmap, Image, Keypoints, Work

POISON = (255, 0, 0)
"""A picture of this color kills whoever detects in it."""
REFUSED = (0, 255, 0)
"""A picture of this color cannot be detected in, nor any together with it."""


class Drawn:
    """Finds points that depend on the image's pixels alone, in the time that it is told."""

    def __init__(self, seconds: float, *, mortal: bool = True, together: int = 1) -> None:
        self._seconds = seconds
        self._mortal = mortal
        self.images_at_a_time = together

    def load(self, source: Picture) -> Image:
        return load_image(source, size=(8, 8))

    def detect(self, image: Image, progress: object = None) -> Detection:
        if self._mortal and image.picture()[0, 0].tolist() == list(POISON):
            os.kill(os.getpid(), signal.SIGKILL)
        if image.picture()[0, 0].tolist() == list(REFUSED):
            raise ValueError("green")
        time.sleep(self._seconds)
        values = np.random.default_rng(int(image.content_hash[:12], 16))
        n = int(values.integers(0, 6))
        flat = torch.zeros(8, 8).numpy()
        return Detection(
            image=image,
            label="drawn",
            label_index=0,
            probability=float(values.random()),
            keypoints=Keypoints.at(values.uniform(0, 8, (n, 2)), values.random(n), "file"),
            n_candidates=n,
            coarse=Heatmap(flat, "coarse"),
            fine=Heatmap(flat, "fine"),
            confidence=Heatmap(flat, "confidence"),
            work=Work("none", 0, 0.0),
            seconds=self._seconds,
        )

    def detect_several(self, images: Sequence[Image], progress: object = None) -> list[Detection]:
        assert 1 < len(images) <= self.images_at_a_time
        return [self.detect(image) for image in images]


@dataclass(frozen=True)
class Draws:
    """Makes the detector; one that is not ``mortal`` survives every picture."""

    seconds: float = 0.002
    mortal: bool = True
    together: int = 1

    def __call__(self) -> Drawn:
        return Drawn(self.seconds, mortal=self.mortal, together=self.together)


class DrawnOnGpu(Drawn):
    """Calls every image by the GPU that its worker was given; computes on none."""

    classifier = SimpleNamespace(device=torch.device("cuda"))

    def detect(self, image: Image, progress: object = None) -> Detection:
        return replace(super().detect(image), label=os.environ["CUDA_VISIBLE_DEVICES"])


@dataclass(frozen=True)
class DrawsOnGpu(Draws):
    """Makes it."""

    def __call__(self) -> Drawn:
        return DrawnOnGpu(self.seconds)


class Flaky(LocalFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """A store that is slow, and in which every request fails the first time."""

    protocol = "flaky"
    _failed: ClassVar[set[tuple[str, str]]] = set()

    def _stumble(self, request: str, path: str) -> None:
        time.sleep(0.001)
        if (request, path) not in self._failed:
            self._failed.add((request, path))
            raise ConnectionError("the store is not there for now")

    def cat_file(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self._stumble("read", path)
        return super().cat_file(path, *args, **kwargs)

    def pipe_file(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self._stumble("write", path)
        return super().pipe_file(path, *args, **kwargs)

    def ls(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self._stumble("list", path)
        return super().ls(path, *args, **kwargs)

    def info(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self._stumble("ask", path)
        return super().info(path, *args, **kwargs)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return super()._strip_protocol(str(path).removeprefix("flaky://"))


fsspec.register_implementation("flaky", Flaky, clobber=True)


def search_path() -> str:
    """Give the PYTHONPATH by which worker processes find this file."""
    return os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])


@contextmanager
def killing(one: Callable[[], bool], most: int, pause: Callable[[], float]) -> Iterator[list[int]]:
    """Try to kill ``one`` after each pause, ``most`` times at most; gives how often it was done."""
    kills, stop = [0], threading.Event()

    def go() -> None:
        while kills[0] < most and not stop.wait(pause()):
            kills[0] += one()

    killer = threading.Thread(target=go)
    killer.start()
    try:
        yield kills
    finally:
        stop.set()
        killer.join()


def photographs(folder: Path, n: int) -> list[Path]:
    """Draw n small pictures, each another."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(0)
    paths = []
    for number in range(n):
        pixels = chance.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        paths.append(folder / f"{number:05}.png")
        PIL.Image.fromarray(pixels).save(paths[-1])
    return paths


def info() -> RunInfo:
    return drawn_info((8, 8))


def detect(
    paths: list[Path] | list[str],
    out: Path | str,
    executor: Executor,
    *,
    resume: bool = False,
    watch: Watch | None = None,
    **choices: Any,
) -> RunInfo:
    """Run the drawn detector over files."""
    make = choices.pop("make", Draws())
    hosts = choices.pop("hosts", Hosts.of(map(str, paths)))
    job = Job(make=make, out=str(out), figures=False, hosts=hosts, **choices)

    def inputs() -> Iterator[Input]:
        return (Input(str(path)) for path in paths)

    return detect_run(job, make(), info(), inputs, executor, resume=resume, watch=watch).info


def drive(paths: list[Path], out: Path, seconds: float) -> None:
    """Run serially, or go on with it: the body of a process that is killed."""
    from gnomon.scale.serial import SerialExecutor

    detect(paths, out, SerialExecutor(), resume=True, make=Draws(seconds))


def commit_late(job: Job, shard: Shard, heal: Any) -> None:
    """Do a shard as soon as the event ``heal`` is set: the body of a worker that is cut off."""
    worker = Worker(job)
    heal.wait()
    with Interrupts() as interrupts:
        worker.run(shard, Unseen(), interrupts)


def rows(out: Path | str) -> tuple[list[Any], list[Any]]:
    """Give a run's rows, sorted, without the seconds that they took; NaN equals itself."""
    run = read_run(out)
    images = run.images.drop_columns(["seconds"]).sort_by("image_id").to_pylist()
    order = [("image_id", "ascending"), ("rank", "ascending")]
    keypoints = [str(row) for row in run.keypoints.sort_by(order).to_pylist()]
    assert len({row["image_id"] for row in images}) == len(images)
    return images, keypoints

"""What every worker of a run must know, and what makes its detector."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gnomon.detection import Detection
from gnomon.images import Limits, Picture, Resize
from gnomon.images.hosts import Hosts
from gnomon.presets import Outputs, SettingChanges
from gnomon.runs import Failure
from gnomon.runs.committed import Committed
from gnomon.types import Image

if TYPE_CHECKING:
    from gnomon.detector import Detector, WindowsDone


class Finder(Protocol):
    """What a worker needs of a `Detector`."""

    def load(self, source: Picture, /) -> Image:
        """Bring a picture to the classifier's size; called from several threads."""

    @property
    def images_at_a_time(self) -> int:
        """How many images ``detect_several`` is best given."""

    def detect(self, image: Image, progress: "WindowsDone | None" = None, /) -> Detection:
        """Find keypoints in an image."""

    def detect_several(
        self, images: Sequence[Image], progress: "WindowsDone | None" = None, /
    ) -> list[Detection]:
        """Find keypoints in each of some images."""


class Maker(Protocol):
    """Makes a worker's detector; it is pickled on its way to the worker."""

    def __call__(self) -> Finder:
        """Load the classifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A `Detector`'s arguments; see there."""

    model: str | None = None
    preset: str = "default"
    weights: Path | None = None
    class_names: tuple[str, ...] | None = None
    outputs: Outputs = "auto"
    device: str = "auto"
    size: int | tuple[int, int] | None = None
    resize: Resize | None = None
    changes: SettingChanges

    def __call__(self) -> "Detector":
        """See `Maker`."""
        from gnomon.detector import Detector  # takes seconds to import

        return Detector(
            self.model,
            preset=self.preset,
            weights=self.weights,
            class_names=self.class_names,
            outputs=self.outputs,
            device=self.device,
            size=self.size,
            resize=self.resize,
            **self.changes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run's work, but for its inputs.

    ``out`` is the run folder, path or URL. ``isolate`` decodes in a process apart, where all of
    ``limits`` hold. ``hosts`` are those that the user named: inputs on others are fetched from
    public addresses only. ``threads`` compute each image on a CPU; ``None`` leaves torch's own
    number.
    """

    make: Maker
    out: str
    limits: Limits = Limits()
    hosts: Hosts = Hosts()
    isolate: bool = False
    figures: bool = True
    save_heatmaps: bool = False
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a shard came to, and how long its detector worked and waited meanwhile, in seconds.

    ``interrupted`` where it ends before the shard.
    """

    rows: Committed
    busy: float = 0.0
    idle: float = 0.0
    interrupted: bool = False


class Watch(Protocol):
    """Is told what goes on."""

    def begin(self, total: int, done: int) -> None:
        """So many images there are, and so many were done by an earlier start."""

    def windows(self, done: int, total: int) -> None:
        """So many windows of the present images are done; only where no other worker is at work."""

    def image_done(self, count: int = 1) -> None:
        """So many more images are done, or have failed; fewer where a worker died."""

    def failed(self, failure: Failure) -> None:
        """One of them has failed."""


class Unseen:
    """A `Watch` that shows nothing."""

    def begin(self, total: int, done: int) -> None:
        """Show nothing."""

    def windows(self, done: int, total: int) -> None:
        """Show nothing."""

    def image_done(self, count: int = 1) -> None:
        """Show nothing."""

    def failed(self, failure: Failure) -> None:
        """Show nothing."""

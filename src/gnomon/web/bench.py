"""The classifiers that a page may use, loaded once and used by one at a time."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Lock

from gnomon.classifier.embedded import NETWORKS
from gnomon.detector import Detector
from gnomon.errors import ClassifierError, unknown_name
from gnomon.images import Picture, find_images
from gnomon.presets import PRESETS, Settings, preset
from gnomon.types import Detection

Told = Callable[[int, int], None]


class CancelledError(Exception):
    """Nobody waits for this any more."""


class Bench:
    """Detectors by the name of their classifier.

    Only the embedded classifiers and ``models``, named by who started the page, can be chosen: a
    browser names none of this machine's files. ``first`` is a detector that is there already.
    """

    def __init__(
        self, models: tuple[str, ...] = (), device: str = "auto", first: Detector | None = None
    ) -> None:
        self.device = device
        embedded = (f"embedded/{name}" for name in sorted(NETWORKS, reverse=True))
        self.models = tuple(dict.fromkeys([*models, *embedded]))
        self._ready: dict[str, Detector] = {}
        if first is not None:
            name = first.classifier.name
            self.models = tuple(dict.fromkeys([name, *self.models]))
            self._ready[name] = first
        self._loading, self._working = Lock(), Lock()

    def detector(self, model: str, settings: Settings) -> Detector:
        """Give the detector of a classifier with these settings; it is loaded the first time."""
        if model not in self.models:
            raise ClassifierError(unknown_name("classifier", model, self.models))
        with self._loading:
            if model not in self._ready:
                self._ready[model] = Detector(model, device=self.device)
        detector = copy(self._ready[model])
        detector.settings = settings
        return detector

    def detect(
        self, detector: Detector, picture: Picture, label_index: int | None, told: Told
    ) -> Detection:
        """Detect while no other page does; ``told`` may raise ``CancelledError``."""
        image = detector.load(picture)
        while not self._working.acquire(timeout=0.2):
            told(0, 1)
        try:
            return detector.detect(image, told, label_index=label_index)
        finally:
            self._working.release()


def preset_names() -> list[str]:
    """List the presets, the default first."""
    return sorted(PRESETS, key=lambda name: (name != "default", name))


def settings_of(name: str) -> Settings:
    """Give a preset's settings."""
    return preset(name).settings


def tuned(settings: Settings, changes: dict[str, float]) -> Settings:
    """Give the settings with some of them changed."""
    return replace(settings, **changes)  # type: ignore[arg-type]


def examples() -> list[Path]:
    """Find the photographs that come with gnomon."""
    package = Path(__file__).parents[1]
    for folder in (package / "samples", package.parents[1] / "samples"):
        if folder.is_dir():
            return [Path(path) for path in find_images([folder])]
    return []

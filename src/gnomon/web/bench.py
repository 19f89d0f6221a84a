"""The classifiers that a page may use, loaded once and used by one at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

from gnomon.classifier.embedded import DEFAULT, NETWORKS
from gnomon.detection import Detection
from gnomon.detector import Detector
from gnomon.errors import ClassifierError, unknown_name
from gnomon.images import find_images
from gnomon.presets import PRESETS, Settings, changes_to
from gnomon.runs import RunInfo
from gnomon.runs.rebuild import Trust, untrusted_settings
from gnomon.types import Image
from gnomon.web.offered import offered

Told = Callable[[int, int], None]


class CancelledError(Exception):
    """Nobody waits for this any more."""


class Bench:
    """Detectors by the name of their classifier, made when first asked for.

    A browser chooses among ``makers`` and names none of this machine's files. ``presets`` are sets
    of choices by name, the first one that a page begins with; ``homes`` names the classifier that a
    preset is defined on, where it is one.
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[], Detector]],
        presets: Mapping[str, Settings],
        homes: Mapping[str, str] | None = None,
    ) -> None:
        self._makers, self.presets, self.homes = dict(makers), dict(presets), dict(homes or {})
        self._ready: dict[str, list[Detector]] = {}
        self._loading, self._working = Lock(), Lock()

    @property
    def models(self) -> list[str]:
        """The names of the classifiers, the first one that a page begins with."""
        return list(self._makers)

    def detector(self, model: str, settings: Settings) -> Detector:
        """Return the detector of a classifier with these settings; it is loaded the first time."""
        if model not in self._makers:
            raise ClassifierError(unknown_name("classifier", model, self._makers))
        with self._loading:
            if model not in self._ready:
                self._ready[model] = [self._makers[model]()]
            ready = self._ready[model]
            wanted = (settings.engine, settings.precision)
            for one in ready:
                if (one.settings.engine, one.settings.precision) == wanted:
                    return one.with_settings(**changes_to(settings))
            ready.append(ready[0].with_settings(**changes_to(settings)))
            return ready[-1]

    def detect(
        self, detector: Detector, image: Image, label_index: int | None, told: Told
    ) -> Detection:
        """Detect while no other page does; ``told`` may raise ``CancelledError``."""
        while not self._working.acquire(timeout=0.2):
            told(0, 1)
        try:
            return detector.detect(image, told, label_index=label_index)
        finally:
            self._working.release()


def make_bench(
    models: Sequence[str],
    device: str,
    run: RunInfo | None = None,
    trust: Trust = Trust(),
    weights: Path | None = None,
) -> Bench:
    """Offer a run's classifier and settings first, then ``models``, then what is embedded.

    ``weights`` are those of the run's classifier, where the run does not lead to them. Settings
    that name what ``trust`` does not allow are not offered.
    """
    presets: dict[str, Settings] = {}
    homes = {"paper": PRESETS["paper"].classifier}
    makers = offered(models, device, run, trust, weights)
    if run is not None and not untrusted_settings(run, trust):
        presets["the run's"] = run.settings
        homes["the run's"] = run.classifier
    embedded = sorted(NETWORKS, key=lambda name: (name != DEFAULT, name))
    for model in (f"embedded/{name}" for name in embedded):
        makers.setdefault(model, partial(Detector, model, device=device))
    for name in sorted(PRESETS, key=lambda name: (name != "default", name)):
        presets[name] = PRESETS[name].settings
    return Bench(makers, presets, homes)


def tuned(settings: Settings, changes: dict[str, float]) -> Settings:
    """Return the settings with some of them changed."""
    return replace(settings, **changes)  # type: ignore[arg-type]  # the sliders are named by fields


def examples() -> list[Path]:
    """Find the photographs that come with gnomon."""
    package = Path(__file__).parents[1]
    for folder in (package / "samples", package.parents[1] / "samples"):
        if folder.is_dir():
            return [Path(path) for path in find_images([folder])]
    return []

"""From a run's account back to the detector that made it, as far as the user trusts its names."""

from collections.abc import Mapping
from dataclasses import dataclass
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING

from gnomon.errors import ClassifierError, RunError
from gnomon.path_text import text_path
from gnomon.presets import changes_to
from gnomon.runs.info import RunInfo

if TYPE_CHECKING:
    from gnomon.detector import Detector

FETCHED = ("torchvision", "timm", "hf")
"""Sources of classifiers that download what is not on this machine."""
FITTED = ("torchvision", "timm")
"""Those that take a file of weights alone."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the user allows the names in a run to do.

    ``plugs`` are the "package.module:name" that may be imported, each named by the user; ``fetch``
    says whether weights may be downloaded.
    """

    plugs: tuple[str, ...] = ()
    fetch: bool = False


def rebuild_detector(
    info: RunInfo,
    *,
    model: str | None = None,
    weights: Path | None = None,
    device: str = "auto",
    trust: Trust = Trust(),
) -> "Detector":
    """Make the detector of a run: its classifier, preprocessing and settings.

    ``model`` is where the classifier is now, where its name in the run does not lead to it, and
    ``weights`` its weights file. What the run names is one of gnomon's own, or allowed by
    ``trust``. Raises ``RunError`` where it is not, and where the classifier cannot be loaded or its
    weights are not those of the run.
    """
    from gnomon.detector import Detector  # takes seconds to import; reading a run need not wait

    for setting, name in untrusted_settings(info, trust):
        raise _refused(setting, name)
    try:
        spec, weights = (
            _recorded(info, weights, trust) if model is None else _named(info, model, weights)
        )
        detector = Detector(
            spec,
            preprocessing=info.preprocessing,
            weights=weights,
            class_names=info.class_names or None,
            outputs=info.outputs,
            device=device,
            **changes_to(info.settings),
        )
    except ClassifierError as error:
        raise RunError(
            f"the run's classifier {info.classifier!r} cannot be loaded again: {error}."
            " Say where it is with --model, and --weights where it was given at detection"
        ) from error
    found = detector.classifier.weights_sha256
    if found != info.weights_sha256:
        raise RunError(
            f"{str(spec)!r} has other weights (SHA-256 {found[:12]}…) than the run's classifier"
            f" {info.classifier!r} ({info.weights_sha256[:12]}…); give those of the run with"
            " --model and --weights, or detect again"
        )
    return detector


def untrusted_settings(info: RunInfo, trust: Trust) -> list[tuple[str, str]]:
    """List the run's settings, by name, that would import what the user has not named."""
    from gnomon.backprop.methods import FINE_METHODS
    from gnomon.occlusion.fills import FILLS
    from gnomon.occlusion.occlude import ENGINES

    tables: dict[str, Mapping[str, object]] = {
        "fill": FILLS,
        "fine": FINE_METHODS,
        "engine": ENGINES,
    }
    named = ((setting, getattr(info.settings, setting), known) for setting, known in tables.items())
    return [
        (setting, name)
        for setting, name, known in named
        if name not in known and name not in trust.plugs
    ]


def _refused(kind: str, name: str) -> RunError:
    return RunError(
        f"the run's {kind} is {name!r}, which is not one of gnomon's own; nothing was imported."
        f" If you trust it, repeat it: --plug {name}"
    )


def _named(info: RunInfo, model: str, weights: Path | None) -> tuple[str, Path | None]:
    """Return the classifier that the user names: a file of weights alone is for the run's name."""
    from gnomon.classifier.load import checkpoint_at

    source = info.classifier.partition("/")[0]
    if weights is None and source in FITTED and isfile(model) and not checkpoint_at(Path(model)):
        return info.classifier, Path(model)
    return model, weights


def _recorded(info: RunInfo, weights: Path | None, trust: Trust) -> tuple[str | Path, Path | None]:
    """Return the classifier to load for the name in a run, and its weights file."""
    from gnomon.classifier.cached import cached_weights
    from gnomon.classifier.load import checkpoint_at, names_code
    from gnomon.classifier.sources import SOURCES

    spec = info.classifier
    source = spec.partition("/")[0]
    if weights is None:
        weights = _recorded_file(info.weights_file)
    if weights is not None and (checkpoint := checkpoint_at(weights)):
        return checkpoint, None
    if source in FETCHED and weights is None and not (trust.fetch and not info.weights_file):
        here = cached_weights(spec)
        if here is None and info.weights_file:
            raise _unfollowed(info.weights_file)
        if here is None:
            raise ClassifierError(
                "its weights are not on this machine, and a run's name downloads nothing; allow it"
                " with --fetch"
            )
        return (f"hf/{here}", None) if source == "hf" else (spec, here)
    if names_code(spec) and spec not in trust.plugs:
        raise _refused("classifier", spec)
    if source not in SOURCES and not names_code(spec):
        raise _unfollowed(info.weights_file)
    return spec, weights


def _recorded_file(name: str) -> Path | None:
    """Follow a path that a run names, if it leads to a .safetensors file, which is data alone."""
    file = Path(text_path(name))
    local = not name.startswith(("//", "\\\\"))
    return file if local and file.suffix == ".safetensors" and isfile(file) else None


def _unfollowed(name: str) -> ClassifierError:
    if not name:
        return ClassifierError("the run does not say where its weights are")
    if Path(name).suffix != ".safetensors":
        return ClassifierError(
            f"its weights were read from {name!r}, and a path in a run is followed to .safetensors"
            " files alone; if the file is yours, name it: --weights FILE"
        )
    return ClassifierError(f"its file {name!r} is not there any more")

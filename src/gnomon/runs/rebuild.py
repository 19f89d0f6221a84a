"""From a run's account back to the detector that made it, as far as the user trusts its names."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gnomon.errors import ClassifierError, RunError
from gnomon.presets import SettingChanges
from gnomon.runs.info import RunInfo

if TYPE_CHECKING:
    from gnomon.detector import Detector

FETCHED = ("torchvision", "timm", "hf")
"""Sources of classifiers that download what is not on this machine."""


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
        spec = model
        if spec is None:
            spec, weights = _recorded(info.classifier, weights, trust)
        detector = Detector(
            spec,
            preprocessing=info.preprocessing,
            weights=weights,
            device=device,
            **cast(SettingChanges, asdict(info.settings)),
        )
    except ClassifierError as error:
        raise RunError(
            f"the run's classifier {info.classifier!r} cannot be loaded again: {error}."
            " Say where it is with --model, and --weights where it was given at detection"
        ) from error
    found = detector.classifier.weights_sha256
    if found != info.weights_sha256:
        raise RunError(
            f"{spec!r} has other weights (SHA-256 {found[:12]}…) than the run's classifier"
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


def _recorded(spec: str, weights: Path | None, trust: Trust) -> tuple[str, Path | None]:
    """Return the classifier to load for the name in a run, and its weights file."""
    from gnomon.classifier.cached import cached_weights
    from gnomon.classifier.load import names_code

    source = spec.partition("/")[0]
    if source in FETCHED and weights is None and not trust.fetch:
        here = cached_weights(spec)
        if here is None:
            raise ClassifierError(
                "its weights are not on this machine, and a run's name downloads nothing; allow it"
                " with --fetch"
            )
        return (f"hf/{here}", None) if source == "hf" else (spec, here)
    if names_code(spec) and spec not in trust.plugs:
        raise _refused("classifier", spec)
    return spec, weights

"""From a run's account back to the detector that made it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gnomon.errors import ClassifierError, RunError
from gnomon.presets import SettingChanges
from gnomon.runs.info import RunInfo

if TYPE_CHECKING:
    from gnomon.detector import Detector


def rebuild_detector(
    info: RunInfo,
    *,
    model: str | None = None,
    weights: Path | None = None,
    device: str = "auto",
) -> "Detector":
    """Make the detector of a run: its classifier, preprocessing and settings.

    ``model`` says where the classifier is now, where its name in the run does not lead to it, and
    ``weights`` gives its weights file. ``RunError`` where it cannot be loaded or its weights are
    not those of the run.
    """
    from gnomon.detector import Detector  # takes seconds to import; reading a run need not wait

    spec = info.classifier if model is None else model
    try:
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

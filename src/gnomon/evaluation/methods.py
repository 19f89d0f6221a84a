"""What is compared: gnomon's points, those of either of its maps alone, and the baselines."""

from collections.abc import Callable

from gnomon.detection import Detection
from gnomon.detector import Detector
from gnomon.evaluation.baselines import BASELINES, Baseline
from gnomon.evaluation.grad_cam import grad_cam_peaks
from gnomon.evaluation.guided_peaks import guided_peaks
from gnomon.evaluation.map_peaks import map_peaks
from gnomon.foerstner import refine
from gnomon.presets import Settings
from gnomon.types import Heatmap, Keypoints

Own = Callable[[Detection, Settings], Keypoints]
"""(a detection that kept every candidate, its settings) -> keypoints in file pixels, best first."""


def confidence(found: Detection, settings: Settings) -> Keypoints:
    """Return the detector's own points: peaks of both maps together."""
    return found.keypoints


def coarse_only(found: Detection, settings: Settings) -> Keypoints:
    """Return the peaks of the coarse map, smoothed and refined as the detector would."""
    assert found.coarse is not None
    return _peaks(found, found.coarse, settings.coarse_smoothing, settings)


def fine_only(found: Detection, settings: Settings) -> Keypoints:
    """Return the peaks of the fine map, smoothed and refined as the detector would."""
    return _peaks(found, found.fine, settings.fine_smoothing, settings)


GNOMON = "gnomon"

OWN: dict[str, Own] = {GNOMON: confidence, "coarse only": coarse_only, "fine only": fine_only}


def own_methods(settings: Settings) -> dict[str, Own]:
    """Name the points that a detector of these settings can give.

    Those of the coarse map are among them where the whole map is computed.
    """
    left_out = () if settings.coarse == "map" else ("coarse only",)
    return {name: method for name, method in OWN.items() if name not in left_out}


def baselines(detector: Detector) -> dict[str, Baseline]:
    """Name what a user could do instead, other maps of the detector's classifier among it."""
    return {
        **BASELINES,
        "Grad-CAM peaks": grad_cam_peaks(detector.classifier),
        "guided backpropagation": guided_peaks(detector.classifier),
    }


def keeping_all(detector: Detector) -> Detector:
    """Return a detector that differs from ``detector`` only in that it keeps every candidate.

    Points by themselves are not hidden: it would change neither their places nor their order.
    """
    if detector.settings.coarse == "keypoints":
        return detector.with_settings(keep=1.0, coarse="none")
    return detector.with_settings(keep=1.0)


def _peaks(found: Detection, heatmap: Heatmap, smoothing: float, settings: Settings) -> Keypoints:
    proposed = map_peaks(found.image, heatmap, smoothing, settings.radius)
    refined = refine(
        found.image, proposed, window=settings.refine_window, sums=settings.refine_sums
    )
    return refined.to_file(found.image.to_file)

"""How the detections of one image lie to its landmarks."""

from dataclasses import dataclass

from gnomon.errors import SettingError
from gnomon.types import Floats, Keypoints, Landmarks


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """One image's detections and visible landmarks.

    ``distances`` (N,M) from each detection, best first, to each visible landmark, in units of the
    object's size ``scale`` (px); ``parts`` the M landmarks' names; ``label`` the image's class.
    """

    distances: Floats
    parts: tuple[str, ...]
    scale: float
    label: str | None = None


def match(keypoints: Keypoints, landmarks: Landmarks, label: str | None = None) -> Match:
    """Measure every detection against every visible landmark.

    Both are in file pixels; keypoints in model pixels raise ``SettingError``.
    """
    require_file_pixels(keypoints)
    return Match(
        distances=landmarks.distances(keypoints.xy),
        parts=tuple(
            name for name, seen in zip(landmarks.names, landmarks.visible, strict=True) if seen
        ),
        scale=landmarks.scale,
        label=label,
    )


def require_file_pixels(keypoints: Keypoints) -> None:
    """Refuse keypoints in model pixels: annotations are in file pixels."""
    if keypoints.frame != "file":
        raise SettingError(
            f"these keypoints are in {keypoints.frame} pixels and the annotations in file pixels; "
            "take them there with Keypoints.to_file(image.to_file)"
        )

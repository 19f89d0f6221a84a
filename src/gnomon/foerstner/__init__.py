"""Förstner's corner point: where the edges of a small window meet, to a fraction of a pixel."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gnomon.arguments import checked
from gnomon.errors import SettingError, unknown_name
from gnomon.foerstner.gradients import Flags, gray_of
from gnomon.foerstner.plain import by_plain_sums
from gnomon.foerstner.weighted import by_weighted_sums
from gnomon.types import Floats, Image, Keypoints, Singles

__all__ = ["SUMS", "refine"]

Solve = Callable[[Singles, Floats, float], tuple[Floats, Floats, Flags]]
"""Takes the gray image, points (n,2) and half a window; gives places, covariances and which points
were refined."""

SUMS: dict[str, Solve] = {"plain": by_plain_sums, "weighted": by_weighted_sums}


@checked
def refine(
    image: Image, keypoints: Keypoints, *, window: int = 7, sums: str = "weighted"
) -> Keypoints:
    """Move each keypoint to where the edges around it meet.

    Solves A x = b, A = sum ∇I∇Iᵀ, b = sum ∇I∇Iᵀ p over about ``window`` pixels across on the gray
    image (Förstner and Gülch 1987). ``sums`` "plain" is the paper's: every pixel counts alike, and
    it is solved once. "weighted" counts pixels by their distance and by how much their
    neighborhood is an edge, and solves again around the new place until it rests. Takes and
    returns model pixels, covariance in px². A point stays where it was, ``refined`` false and
    covariance NaN, where A is no corner's or where no place is found within half a window and
    within the image. ``SettingError`` for a window below 1, unknown sums, or keypoints in file
    pixels.
    """
    if window < 1:
        raise SettingError(f"window is {window}; it must be 1 pixel or more")
    if sums not in SUMS:
        raise SettingError(unknown_name("sums", sums, SUMS))
    if keypoints.frame != "model":
        raise SettingError("refine takes keypoints in model pixels; these are in file pixels")
    if len(keypoints) and min(image.height, image.width) >= 3:
        xy, covariance, refined = SUMS[sums](gray_of(image), keypoints.xy, window / 2)
        return replace(keypoints, xy=xy, covariance=covariance, refined=refined)
    count = len(keypoints)
    nowhere = np.full((count, 2, 2), np.nan)
    return replace(keypoints, covariance=nowhere, refined=np.zeros(count, dtype=np.bool_))

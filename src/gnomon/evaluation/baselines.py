"""What a user could do instead: points from the pixels alone, as many as are asked for."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnomon.datasets.sample import Sample
from gnomon.errors import DatasetError
from gnomon.evaluation.apart import APART, strongest_apart
from gnomon.extras import library
from gnomon.types import Floats, Image, Keypoints

Baseline = Callable[[Image, Sample, int, int], Keypoints]
"""(image, its annotation, how many points, seed) -> keypoints in file pixels, best first."""


def random_in_image(image: Image, sample: Sample, count: int, seed: int) -> Keypoints:
    """Propose points anywhere in the image, all places alike."""
    return _uniform(np.array([[-0.5, -0.5, *image.size]]), image, count, seed)


def random_in_box(image: Image, sample: Sample, count: int, seed: int) -> Keypoints:
    """Propose points anywhere in the annotated boxes, all places alike.

    ``DatasetError`` where there is none: a box that is the whole image would be another baseline.
    """
    boxes = sample.boxes[sample.boxes[:, 2:].min(axis=1, initial=np.inf) > 0]
    if not len(boxes):
        raise DatasetError(f"{sample.image} has no annotated box")
    return _uniform(boxes, image, count, seed)


def shi_tomasi(image: Image, sample: Sample, count: int, seed: int) -> Keypoints:
    """Propose the strongest corners of the image at model size (Shi and Tomasi 1994)."""
    corners = _opencv().goodFeaturesToTrack(
        _gray(image), maxCorners=count, qualityLevel=1e-4, minDistance=APART
    )
    return _in_file(np.empty((0, 2)) if corners is None else corners[:, 0], image)


def sift(image: Image, sample: Sample, count: int, seed: int) -> Keypoints:
    """Propose the strongest SIFT points of the image at model size (Lowe 2004)."""
    detector = _opencv().SIFT_create(enable_precise_upscale=True)
    found = sorted(detector.detect(_gray(image), None), key=lambda point: -point.response)
    xy = np.array([point.pt for point in found], dtype=np.float64).reshape(-1, 2)
    return _in_file(strongest_apart(xy, count), image)


BASELINES: dict[str, Baseline] = {
    "random in image": random_in_image,
    "random in box": random_in_box,
    "Shi-Tomasi": shi_tomasi,
    "SIFT": sift,
}


def _uniform(boxes: Floats, image: Image, count: int, seed: int) -> Keypoints:
    """Draw points over the boxes' area; they depend on the seed and the image alone."""
    content = sha256(image.content_hash.encode()).digest()
    random = np.random.default_rng([seed, int.from_bytes(content[:8], "big")])
    area = boxes[:, 2] * boxes[:, 3]
    chosen = boxes[random.choice(len(boxes), size=count, p=area / area.sum())]
    xy = chosen[:, :2] + random.uniform(size=(count, 2)) * chosen[:, 2:]
    return Keypoints.at(xy, np.arange(count, 0, -1), "file")


def _in_file(xy: Floats, image: Image) -> Keypoints:
    return Keypoints.at(xy, np.arange(len(xy), 0, -1)).to_file(image.to_file)


def _gray(image: Image) -> NDArray[np.uint8]:
    rgb = (image.pixels.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
    gray: NDArray[np.uint8] = _opencv().cvtColor(rgb, _opencv().COLOR_RGB2GRAY)
    return gray


def _opencv() -> Any:
    return library("cv2", "evaluation", "a baseline of corners or SIFT")

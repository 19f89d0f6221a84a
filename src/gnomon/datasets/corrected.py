"""Keypoints that people corrected, as `gnomon import` leaves them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from gnomon.datasets.files import read_json, require, require_images, unique
from gnomon.datasets.sample import Change, Dataset, Edits, Sample, Samples
from gnomon.errors import DatasetError, ImageError
from gnomon.foreign import LARGEST, Number
from gnomon.images import decode
from gnomon.path_text import text_path
from gnomon.types import Landmarks

FILE_NAME = "landmarks.json"


@dataclass(frozen=True, slots=True)
class _Point:
    x: Number
    y: Number
    id: Annotated[int, Meta(ge=0, le=int(LARGEST))]
    name: str
    visible: bool
    change: Change


@dataclass(frozen=True, slots=True)
class _Image:
    path: str
    content_hash: str
    label: str
    scale: Annotated[float, Meta(gt=0, le=LARGEST)]
    points: list[_Point]
    deleted: Annotated[int, Meta(ge=0, le=int(LARGEST))]


@dataclass(frozen=True, slots=True)
class _File:
    images: list[_Image]


def read_corrected(folder: Path) -> Dataset:
    """Read a folder that `gnomon import` wrote; the scale is the longer side of the points' box.

    The photographs lie where the run found them, so each is taken only where its pixels are those
    that were corrected: ``DatasetError``, when a sample is asked for, where they are not.
    """
    require(folder, "corrected", FILE_NAME)
    path = folder / FILE_NAME
    content = read_json(path, _File, "what `gnomon import` writes")
    unique((image.path for image in content.images), "image", path)
    samples = [_sample(image, folder) for image in content.images]
    require_images("corrected", [sample.image for sample in samples])
    hashes = [image.content_hash for image in content.images]
    return Samples(len(samples), lambda index: _verified(samples[index], hashes[index], path))


def _sample(image: _Image, folder: Path) -> Sample:
    points = image.points
    return Sample(
        folder / text_path(image.path),
        label=image.label,
        landmarks=Landmarks(
            xy=np.array([(one.x, one.y) for one in points], dtype=np.float64).reshape(-1, 2),
            ids=np.array([one.id for one in points], dtype=np.int64),
            names=tuple(one.name for one in points),
            visible=np.array([one.visible for one in points], dtype=np.bool_),
            scale=image.scale,
        ),
        edits=Edits(tuple(one.change for one in points), image.deleted),
    )


def _verified(sample: Sample, content_hash: str, path: Path) -> Sample:
    """Return the sample where its image's pixels are those that were corrected."""
    try:
        same = decode(sample.image).content_hash == content_hash
    except ImageError as error:
        raise DatasetError(f"{path} names an image that cannot be read: {error}") from error
    if not same:
        raise DatasetError(
            f"{sample.image} is not the image that was corrected: its pixels are others; put that"
            " one back, or import the corrections again"
        )
    return sample

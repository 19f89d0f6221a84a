"""Keypoints that people corrected, as `gnomon import` leaves them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.datasets.files import read_json, require, require_images
from gnomon.datasets.sample import Dataset, Sample, Samples
from gnomon.errors import DatasetError, ImageError
from gnomon.foreign import Value
from gnomon.images import decode
from gnomon.types import Landmarks

FILE_NAME = "landmarks.json"


def read_corrected(folder: Path) -> Dataset:
    """Read a folder that `gnomon import` wrote; the scale is the longer side of the points' box.

    The photographs lie where the run found them, so each is taken only where its pixels are those
    that were corrected: ``DatasetError``, when a sample is asked for, where they are not.
    """
    require(folder, "corrected", FILE_NAME)
    path = folder / FILE_NAME
    try:
        records = [_record(image, folder) for image in read_json(path)["images"].each()]
    except ValueError as error:
        raise DatasetError(f"{path} is not what `gnomon import` writes: {error}") from error
    require_images("corrected", [record.sample.image for record in records])
    return Samples(len(records), lambda index: records[index].verified())


@dataclass(frozen=True, slots=True)
class _Record:
    sample: Sample
    content_hash: str

    def verified(self) -> Sample:
        path = self.sample.image
        try:
            same = decode(path).content_hash == self.content_hash
        except ImageError as error:
            raise DatasetError(f"a corrected image cannot be read: {error}") from error
        if not same:
            raise DatasetError(
                f"{path} is not the image that was corrected: its pixels are others; put that one"
                " back, or import the corrections again"
            )
        return self.sample


def _record(image: Value, folder: Path) -> _Record:
    points = list(image["points"].each())
    scale = image["scale"].number()
    if scale <= 0:
        raise ValueError(f"{image.place}.scale is above 0, not {scale}")
    sample = Sample(
        folder / image["path"].text(),
        label=image["label"].text(),
        landmarks=Landmarks(
            xy=np.array([(one["x"].number(), one["y"].number()) for one in points]).reshape(-1, 2),
            ids=np.array([one["id"].whole() for one in points], dtype=np.int64),
            names=tuple(one["name"].text() for one in points),
            visible=np.array([one["visible"].flag() for one in points], dtype=np.bool_),
            scale=scale,
        ),
    )
    return _Record(sample, image["content_hash"].text())

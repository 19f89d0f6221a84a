"""Keypoints that people corrected, as `gnomon import` leaves them."""

from pathlib import Path
from typing import Any

import numpy as np

from gnomon.datasets.files import read_json, require, require_images
from gnomon.datasets.sample import Dataset, Sample, Samples
from gnomon.errors import DatasetError
from gnomon.types import Landmarks

FILE_NAME = "landmarks.json"


def read_corrected(folder: Path) -> Dataset:
    """Read a folder that `gnomon import` wrote; the scale is the longer side of the points' box."""
    require(folder, "corrected", FILE_NAME)
    path = folder / FILE_NAME
    try:
        samples = [_sample(image) for image in read_json(path)["images"]]
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path} is not what `gnomon import` writes: {error!r}") from error
    require_images("corrected", [sample.image for sample in samples])
    return Samples(len(samples), samples.__getitem__)


def _sample(image: dict[str, Any]) -> Sample:
    points = image["points"]
    return Sample(
        Path(image["path"]),
        label=image["label"],
        landmarks=Landmarks(
            xy=np.array([(one["x"], one["y"]) for one in points], dtype=float).reshape(-1, 2),
            ids=np.array([one["id"] for one in points], dtype=np.int64),
            names=tuple(one["name"] for one in points),
            visible=np.array([one["visible"] for one in points], dtype=np.bool_),
            scale=image["scale"],
        ),
    )

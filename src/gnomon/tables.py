"""The tables of images and of keypoints: their columns, and how rows are made."""

from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gnomon.masking import masked
from gnomon.path_text import path_text, text_path

Floats = NDArray[np.float64]

ANY = "keypoint"
"""The name of a point of no part."""

IMAGES = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("label_index", pa.int32(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("n_candidates", pa.int32(), nullable=False),
        pa.field("n_keypoints", pa.int32(), nullable=False),
        pa.field("fine_method", pa.string(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
    ]
)

POINTS = pa.schema(
    [
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("x", pa.float64(), nullable=False),
        pa.field("y", pa.float64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("coarse", pa.float64(), nullable=False),
        pa.field("fine", pa.float64(), nullable=False),
        pa.field("cov_xx", pa.float64(), nullable=False),
        pa.field("cov_xy", pa.float64(), nullable=False),
        pa.field("cov_yy", pa.float64(), nullable=False),
        pa.field("refined", pa.bool_(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("proved", pa.bool_(), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
    ]
)

KEYPOINTS = pa.schema([pa.field("image_id", pa.string(), nullable=False), *POINTS])


def image_id(path: str) -> str:
    """Name an image by its path: the same in every run, order and shard, whatever its secrets.

    >>> image_id("car.jpg")
    'b1ddc9d5447d1449'
    """
    return sha256(masked(path).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def recorded(path: str) -> str:
    """Write a path as a run's tables hold it: as text, see `path_text`, secrets masked."""
    return path_text(masked(path))


def recorded_id(text: str) -> str:
    """Return the `image_id` of a path as `recorded` wrote it."""
    return image_id(text_path(text))


def point_rows(
    *,
    xy: Floats,
    score: Floats,
    confidence: Floats,
    coarse: Floats,
    fine: Floats,
    covariance: Floats,
    refined: NDArray[np.bool_],
    kind: NDArray[np.str_],
    proved: NDArray[np.bool_],
    part: NDArray[np.int64],
) -> pa.Table:
    """Make a row for each point, best first; rank counts from 1."""
    return pa.table(
        {
            "rank": np.arange(1, len(xy) + 1),
            "x": xy[:, 0],
            "y": xy[:, 1],
            "score": score,
            "confidence": confidence,
            "coarse": coarse,
            "fine": fine,
            "cov_xx": covariance[:, 0, 0],
            "cov_xy": covariance[:, 0, 1],
            "cov_yy": covariance[:, 1, 1],
            "refined": refined,
            "kind": kind,
            "proved": proved,
            "part": part,
        },
        schema=POINTS,
    )


def keypoint_rows(path: str, points: pa.Table) -> pa.Table:
    """Make an image's rows of the keypoints table from those of its points."""
    ids = pa.array([image_id(path)] * points.num_rows, pa.string())
    return points.add_column(0, KEYPOINTS.field("image_id"), ids)


def as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a row one that JSON can hold: a number that is not finite becomes ``None``.

    >>> as_json({"x": 1.5, "coarse": float("nan"), "kind": "blob"})
    {'x': 1.5, 'coarse': None, 'kind': 'blob'}
    """
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in row.items()
    }

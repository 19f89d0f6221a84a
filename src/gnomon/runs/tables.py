"""The two tables of a run and the rows that a detection gives them."""

from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from gnomon.masking import masked
from gnomon.path_text import path_text, text_path
from gnomon.types import Detection

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

KEYPOINTS = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
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


def image_row(path: str, found: Detection) -> dict[str, Any]:
    """Make the row of the images table."""
    return {
        "image_id": image_id(path),
        "path": recorded(path),
        "content_hash": found.image.content_hash,
        "width": found.image.size[0],
        "height": found.image.size[1],
        "label": found.label,
        "label_index": found.label_index,
        "probability": found.probability,
        "n_candidates": found.n_candidates,
        "n_keypoints": len(found.keypoints),
        "fine_method": found.work.fine,
        "seconds": found.seconds,
    }


def keypoint_rows(path: str, found: Detection) -> pa.Table:
    """Make the rows of the keypoints table, best first; rank counts from 1."""
    points = found.keypoints
    n = len(points)
    return pa.table(
        {
            "image_id": [image_id(path)] * n,
            "rank": np.arange(1, n + 1),
            "x": points.xy[:, 0],
            "y": points.xy[:, 1],
            "score": points.score,
            "confidence": points.confidence,
            "coarse": points.coarse,
            "fine": points.fine,
            "cov_xx": points.covariance[:, 0, 0],
            "cov_xy": points.covariance[:, 0, 1],
            "cov_yy": points.covariance[:, 1, 1],
            "refined": points.refined,
            "kind": points.kind,
            "proved": points.proved,
            "part": points.part,
        },
        schema=KEYPOINTS,
    )

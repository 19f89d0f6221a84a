from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from drawn import drawn_info

from gnomon.images import decode
from gnomon.runs import Run
from gnomon.tables import IMAGES, KEYPOINTS, image_id
from gnomon.types import Landmarks

Points = Sequence[tuple[float, float]]


@pytest.fixture
def make_landmarks() -> Callable[..., Landmarks]:
    """Landmarks at places, with ids from 1 and a part name for each, on an object of 100 px."""

    def make(
        xy: Points,
        ids: Sequence[int] | None = None,
        names: Sequence[str] | None = None,
        visible: Sequence[bool] | None = None,
    ) -> Landmarks:
        ids = range(1, len(xy) + 1) if ids is None else ids
        return Landmarks(
            xy=np.array(xy, dtype=np.float64).reshape(-1, 2),
            ids=np.array(ids, dtype=np.int64),
            names=tuple(f"part {n}" for n in ids) if names is None else tuple(names),
            visible=np.array([True] * len(xy) if visible is None else visible, dtype=np.bool_),
            scale=100.0,
        )

    return make


def is_file(path: str) -> bool:
    return Path(path).is_file() and Path(path).stat().st_size > 0


@pytest.fixture
def make_run() -> Callable[[dict[str, Points]], Run]:
    """A run of images, each with keypoints at places."""

    def make(found: dict[str, Points]) -> Run:
        images = [
            {
                "image_id": image_id(path),
                "path": path,
                "content_hash": decode(path).content_hash if is_file(path) else "0" * 64,
                "width": 99,
                "height": 99,
                "label": "",
                "label_index": 0,
                "probability": 1.0,
                "n_candidates": 9,
                "n_keypoints": len(points),
                "fine_method": "guided",
                "seconds": 0.1,
            }
            for path, points in found.items()
        ]
        keypoints = [
            {
                "image_id": image_id(path),
                "rank": rank,
                "x": float(x),
                "y": float(y),
                "score": 0.0,
                "confidence": 1.0,
                "coarse": 0.0,
                "fine": 0.0,
                "cov_xx": 1.0,
                "cov_xy": 0.0,
                "cov_yy": 1.0,
                "refined": True,
                "kind": "corner",
                "proved": True,
                "part": -1,
            }
            for path, points in found.items()
            for rank, (x, y) in enumerate(points, start=1)
        ]
        info = drawn_info((4, 6))
        return Run(
            folder=Path("run"),
            info=info,
            images=pa.Table.from_pylist(images, schema=IMAGES),
            keypoints=pa.Table.from_pylist(keypoints, schema=KEYPOINTS),
            failures=(),
        )

    return make

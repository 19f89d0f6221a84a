"""The account, and the detections, of a run that a test wrote itself."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gnomon.classifier import Preprocessing
from gnomon.detection import Detection
from gnomon.geometry import Affine
from gnomon.presets import Settings
from gnomon.runs import RunInfo
from gnomon.types import Heatmap, Image, Keypoints, Work


def drawn_info(size: tuple[int, int] = (224, 224), **fields: Any) -> RunInfo:
    """Give the account of a run at model ``size`` (height, width)."""
    plain: dict[str, Any] = {
        "classifier": "drawn",
        "weights_sha256": "0" * 64,
        "preprocessing": Preprocessing(size=size),
        "preset": "default",
        "settings": Settings(),
        "device": "cpu",
    }
    return RunInfo(**(plain | fields))


def found_points(n: int, seed: int = 0) -> Detection:
    """Draw a detection of n keypoints."""
    random = np.random.default_rng(seed)
    image = Image(torch.zeros(3, 4, 6), "drawn", f"{seed:064x}", (60, 40), Affine.identity())
    points = Keypoints.at(random.uniform(0, 40, (n, 2)), -np.sort(random.random(n)), "file")
    points = replace(points, coarse=random.random(n), refined=np.arange(n) % 2 == 0)
    return Detection(
        image=image,
        label='a "bird"',
        label_index=3,
        probability=0.5,
        keypoints=points,
        n_candidates=2 * n,
        coarse=Heatmap(random.random((4, 6), np.float32), "coarse"),
        fine=Heatmap(random.random((4, 6), np.float32), "fine"),
        confidence=Heatmap(random.random((4, 6), np.float32), "confidence"),
        work=Work("none", 0, 0.0),
        seconds=0.1,
    )

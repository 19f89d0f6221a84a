"""What every page of a report knows of all images of the run, to sort and filter them."""

from collections.abc import Sequence
from os.path import commonprefix
from typing import Any

import numpy as np
import pyarrow as pa

STEPS = 100


def image_index(rows: Sequence[dict[str, Any]], points: dict[str, pa.Table]) -> dict[str, Any]:
    """Return, short enough for every page to hold, what images are sorted and filtered by.

    ``low`` and ``high`` are the ends of the run's scores. A row of ``images`` is [path after
    ``folder``, number of its class in ``labels``, probability, steps]; a step says how far up from
    low to high a keypoint's score lies, 0 to ``STEPS``, rounded down.
    """
    scores = [points[row["image_id"]]["score"].to_numpy() for row in rows]
    known = np.concatenate([np.empty(0), *scores])
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    labels = sorted({row["label"] for row in rows})
    number = {label: at for at, label in enumerate(labels)}
    folder = _folder([row["path"] for row in rows])
    return {
        "low": low,
        "high": high,
        "labels": labels,
        "folder": folder,
        "images": [
            [
                row["path"][len(folder) :],
                number[row["label"]],
                round(row["probability"], 4),
                _steps(mine, low, high),
            ]
            for row, mine in zip(rows, scores, strict=True)
        ],
    }


def _steps(scores: np.ndarray[Any, np.dtype[np.float64]], low: float, high: float) -> list[int]:
    """Place scores between the ends; what has no score, or no other to differ from, is on top."""
    share = (scores - low) / (high - low) if high > low else np.full(len(scores), 1.0)
    steps: list[int] = np.floor(STEPS * np.nan_to_num(share, nan=1.0)).astype(int).tolist()
    return steps


def _folder(paths: list[str]) -> str:
    """Find the folder that all paths begin with, as they write it."""
    same = commonprefix(paths)  # noqa: RUF071 - paths may be addresses, or another system's
    return same[: max(same.rfind("/"), same.rfind("\\")) + 1]

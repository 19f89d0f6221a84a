"""The parts that recur across a run's images: how often, and what they look like."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.report.evidence import picture_of
from gnomon.report.pictures import data_uri, photograph
from gnomon.runs import Run
from gnomon.runs.photographs import Photographs

EXAMPLES = 6
PATCH_SIDE = 84
SHARE_OF_IMAGE = 0.2


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part: its name, how many keypoints show it in how many images, and a few of them.

    ``cost`` is the mean of the coarse map at them, the probability that covering takes.
    """

    name: str
    keypoints: int
    images: int
    cost: float
    examples: tuple[str, ...]


def part_rows(run: Run, photographs: Photographs) -> list[PartRow]:
    """List the parts, the most frequent first; none where no keypoint has a part.

    Examples are cut from the best-scored keypoints, one an image.
    """
    parts = run.keypoints["part"].to_numpy()
    names = run.part_names
    if not (parts >= 0).any():
        return []
    ids = run.keypoints["image_id"].to_numpy(zero_copy_only=False)
    order = np.argsort(-run.keypoints["score"].to_numpy(), kind="stable")
    images = {row["image_id"]: row for row in run.images.to_pylist()}
    chosen: dict[int, dict[str, int]] = defaultdict(dict)
    for row in order.tolist():
        best = chosen[int(parts[row])]
        if len(best) < EXAMPLES:
            best.setdefault(ids[row], row)
    pictures = {
        image_id: picture_of(images[image_id], photographs)
        for part, best in chosen.items()
        if part >= 0
        for image_id in best
    }
    xs, ys, coarse = (run.keypoints[column].to_numpy() for column in ("x", "y", "coarse"))
    rows = []
    for part in np.unique(parts[parts >= 0]).tolist():
        shown = []
        for image_id, row in chosen[part].items():
            rgb = pictures[image_id]
            if rgb is not None:
                shown.append(data_uri(photograph(_patch(rgb, xs[row], ys[row]), PATCH_SIDE)))
        mine = parts == part
        name = names[part] if part < len(names) else f"part {part}"
        rows.append(
            PartRow(
                name=name,
                keypoints=int(mine.sum()),
                images=len(set(ids[mine].tolist())),
                cost=float(np.nan_to_num(coarse[mine]).mean()),
                examples=tuple(shown),
            )
        )
    return sorted(rows, key=lambda one: -one.keypoints)


def _patch(rgb: NDArray[np.uint8], x: float, y: float) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    side = max(16, int(SHARE_OF_IMAGE * min(height, width)))
    padded = np.pad(rgb, ((side, side), (side, side), (0, 0)), mode="edge")
    top, left = round(y) + side - side // 2, round(x) + side - side // 2
    return np.ascontiguousarray(padded[max(top, 0) : top + side, max(left, 0) : left + side])

"""How well 15 points can do on birds that are told the bird's outline, and nothing else.

The outline is the convex hull of the annotated parts of a training image of ``cub10``, some pixels
wider; the points are spread evenly inside, each where most of the outline is still far from one.
What is missing to 1 is parts that lie outside, and a bird that is farther than a tenth of its box
from any annotated part.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import Delaunay

from default_preset import ALPHA, BUDGET, SIZE, f1, with_points
from gnomon.datasets import Sample, open_dataset
from gnomon.images import decode
from gnomon.types import Floats, Keypoints
from measure import DATA, cub10, record

MARGINS, SPACINGS = (0, 6, 12), (5, 8, 12)
LEAST_PARTS = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100, help="how many")
    parser.add_argument("--data", type=Path, default=DATA, help="holds cub10")
    options = parser.parse_args()
    birds = [one for one in open_dataset(cub10(options.data)) if one.split == "train"]
    samples = [one for one in with_points(birds, options.images) if len(_parts(one)) >= LEAST_PARTS]
    rows = []
    for margin in MARGINS:
        outlines = [outline(sample, margin) for sample in samples]
        for spacing in SPACINGS:
            points = [
                _in_file(sample, spread(inside, spacing))
                for sample, inside in zip(samples, outlines, strict=True)
            ]
            rows.append({"margin": margin, "spacing": spacing, "f1": f1(samples, points)})
            print(rows[-1], flush=True)
    best = max(row["f1"] for row in rows)
    record(
        "outline_limit",
        {
            "claim": f"told the outline, {BUDGET} points reach F1 {best:.3f}",
            "alpha": ALPHA,
            "images": len(samples),
            "lengths": f"pixels of an image squashed to {SIZE}",
            "results": rows,
        },
        ("scipy",),
    )
    return 0


def _parts(sample: Sample) -> Floats:
    """Give the visible landmarks (N,2) in file pixels."""
    marks = sample.landmarks
    return np.empty((0, 2)) if marks is None else marks.xy[marks.visible]


def _scale(sample: Sample) -> Floats:
    """Give the factors (2,) that squash the image to ``SIZE``."""
    return SIZE / np.array(decode(sample.image).size)


def outline(sample: Sample, margin: float) -> NDArray[np.bool_]:
    """Draw the hull of the parts, ``margin`` wider, in the squashed image."""
    y, x = np.mgrid[:SIZE, :SIZE]
    corners = (_parts(sample) + 0.5) * _scale(sample) - 0.5
    inside = Delaunay(corners).find_simplex(np.stack([x, y], axis=-1)) >= 0
    near: NDArray[np.bool_] = distance_transform_edt(~inside) <= margin
    return near


def spread(inside: NDArray[np.bool_], spacing: float) -> Floats:
    """Take the place that covers most of what no point covers yet, again and again: (15,2)."""
    y, x = np.mgrid[:SIZE, :SIZE]
    left = inside / inside.sum()
    points = []
    for _ in range(BUDGET):
        row, column = divmod(int(gaussian_filter(left, spacing, mode="constant").argmax()), SIZE)
        points.append((column, row))
        away = (x - column) ** 2 + (y - row) ** 2
        left = left * (1 - np.exp(-away / (2 * spacing**2)))
    return np.array(points, dtype=np.float64)


def _in_file(sample: Sample, xy: Floats) -> Keypoints:
    file = (xy + 0.5) / _scale(sample) - 0.5
    return Keypoints.at(file, np.arange(len(file), 0, -1.0), frame="file")


if __name__ == "__main__":
    sys.exit(main())

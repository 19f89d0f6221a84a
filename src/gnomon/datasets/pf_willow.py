"""PF-WILLOW: cars, ducks, motorbikes and wine bottles with ten points each.

Ham, Cho, Schmid, Ponce: Proposal Flow, 2016. Each photograph ``NAME.png`` has ``NAME.mat`` beside
it, whose ``pts_coord`` is 2x10, x above y, in MATLAB's pixels, counted from 1.
"""

from pathlib import Path

import numpy as np

from gnomon.datasets.files import contents, image_inside, read_mat, require, require_images
from gnomon.datasets.left_out import unlisted, warn_left_out
from gnomon.datasets.sample import Dataset, Sample, Samples, box_around, longer_side
from gnomon.errors import DatasetError
from gnomon.types import Floats, Landmarks


def read_pf_willow(folder: Path) -> Dataset:
    """Read the folder (``PF-dataset``) that holds ``car(G)``, ``duck(S)`` and so on.

    The label is the kind of object, ``car`` for ``car(G)``, ``car(M)`` and ``car(S)``. The box
    encloses the points and its longer side is the scale, as usual for this data set. Landmarks are
    numbered from 1 and have no names of parts; they correspond within a folder.
    """
    require(folder, "pf_willow")
    tables = sorted(folder.glob("*/*.mat"))
    if not tables:
        raise DatasetError(
            "a pf_willow data set is a folder with one folder for each set, as car(G), of NAME.png "
            f"and NAME.mat; {folder} holds {contents(folder)}"
        )
    images = [image_inside(table.parent, f"{table.stem}.png", table) for table in tables]
    require_images("pf_willow", images)
    homes = dict.fromkeys(table.parent for table in tables)
    left = [name for home in homes for name in unlisted(home, images)]
    warn_left_out(f"images of {folder} without a table of points, left out", left)
    samples = [_sample(image, table) for image, table in zip(images, tables, strict=True)]
    return Samples(len(samples), samples.__getitem__)


def _sample(image: Path, table: Path) -> Sample:
    xy = _points(table)
    boxes = box_around(xy)
    return Sample(
        image,
        label=table.parent.name.partition("(")[0],
        landmarks=Landmarks(
            xy=xy,
            ids=np.arange(1, len(xy) + 1),
            names=tuple(f"point {index}" for index in range(1, len(xy) + 1)),
            visible=np.ones(len(xy), dtype=np.bool_),
            scale=longer_side(boxes),
        ),
        boxes=boxes,
    )


def _points(table: Path) -> Floats:
    (points,) = read_mat(table, "pts_coord")
    if points.ndim != 2 or points.shape[0] != 2 or points.shape[1] == 0:
        raise DatasetError(f"{table}: pts_coord is 2xN, x above y, not {points.shape}")
    counted_from_zero: Floats = points.T - 1
    return counted_from_zero

"""A run's keypoints, image by image."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gnomon.types import Floats


def points_by_image(keypoints: pa.Table) -> defaultdict[str, pa.Table]:
    """Return the rows of each image, in their order; no rows to one that has none."""
    found: defaultdict[str, pa.Table] = defaultdict(lambda: keypoints.slice(0, 0))
    if keypoints.num_rows == 0:
        return found
    ids = keypoints["image_id"].combine_chunks()
    codes = ids.dictionary_encode()
    order = pc.sort_indices(codes.indices)
    sorted_rows = keypoints.take(order)
    counts = np.bincount(codes.indices.to_numpy())
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    names = codes.dictionary.to_pylist()
    for name, start, count in zip(names, starts, counts, strict=True):
        found[name] = sorted_rows.slice(int(start), int(count))
    return found


def covariances(rows: pa.Table) -> Floats:
    """Return the covariances (N,2,2) of rows of the keypoints table."""
    xx, xy, yy = (rows[name].to_numpy() for name in ("cov_xx", "cov_xy", "cov_yy"))
    matrices: Floats = np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2)
    return matrices


def places(rows: pa.Table) -> Floats:
    """Return the places (N,2) of rows of the keypoints table, file pixels."""
    xy: Floats = np.column_stack([rows["x"].to_numpy(), rows["y"].to_numpy()])
    return xy

"""Local features in HDF5, a group an image, as hloc lays them out.

hloc counts pixel centers as integers (it adds the half pixel itself when it fills COLMAP's
database), so places stay as they are. https://github.com/cvg/Hierarchical-Localization
"""

from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.disk import new_file
from gnomon.errors import ExportError
from gnomon.export.contents import Contents
from gnomon.export.lasting import Lasting
from gnomon.extras import library
from gnomon.runs.records import Record
from gnomon.types import Floats


def write_features(contents: Contents, out: Path) -> None:
    """Write ``keypoints`` (N,2), ``scores`` (N,), ``sizes`` (N,) and ``image_size`` (2,) an image.

    A name's folders are groups, as in hloc. Sizes are standard deviations in px, NaN where a
    point was not refined.
    """
    h5py = library("h5py", "h5", "the format h5")
    with new_file(out) as target:
        lasting = Lasting(FileIO(target.fileno(), "r+", closefd=False))
        try:
            with h5py.File(lasting, "w", libver="latest") as file:
                _write(file, contents, lasting)
        except (ValueError, RuntimeError) as error:
            lasting.check()
            raise ExportError(f"HDF5 cannot hold these images by their names: {error}") from error
        lasting.check()


def _write(file: Any, contents: Contents, lasting: Lasting) -> None:
    for record in contents:
        lasting.check()
        group = file.create_group(contents.name(record.image))
        group.create_dataset("keypoints", data=record.xy)
        group.create_dataset("scores", data=record.score)
        group.create_dataset("sizes", data=deviation(record))
        group.create_dataset("image_size", data=np.array([record.image.width, record.image.height]))


def deviation(record: Record) -> Floats:
    """Return the points' standard deviations (N,): the mean of both axes' variances, in px."""
    both: Floats = np.sqrt((record.column("cov_xx") + record.column("cov_yy")) / 2)
    return both

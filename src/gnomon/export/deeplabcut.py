"""DeepLabCut's machine labels: what its annotation tool opens to be corrected, as CSV and HDF5.

Places count pixel centres as integers, as napari, in which they are corrected, does.
https://deeplabcut.github.io/DeepLabCut/docs/standardDeepLabCut_UserGuide.html
"""

from pathlib import Path, PurePosixPath

import numpy as np

from gnomon.errors import ExportError
from gnomon.export.contents import Contents
from gnomon.export.photographs import photographed, write_photograph
from gnomon.extras import library
from gnomon.types import Floats

SCORER = "gnomon"
FILE_NAME = "machinelabels-iter0"
KEY = "df_with_missing"
HOME = "labeled-data"


def write_deeplabcut(contents: Contents, out: Path) -> None:
    """Write ``labeled-data/``: a folder for each of the run's, with its images and their points.

    The columns are scorer, body part and x, y, likelihood; the index is ("labeled-data", folder,
    file). What an image does not have is NaN; an image without points is in no table, as pandas
    takes a first row of nothing for names. The numbers are held until all are read, 24 bytes a
    point, for HDF5 as DeepLabCut reads it is written at once.
    """
    pandas = library("pandas", "deeplabcut", "DeepLabCut's format")
    library("tables", "deeplabcut", "DeepLabCut's format")
    (out / HOME).mkdir(parents=True)
    columns = pandas.MultiIndex.from_product(
        [[SCORER], list(contents.names), ["x", "y", "likelihood"]],
        names=["scorer", "bodyparts", "coords"],
    )
    folders: dict[str, dict[str, Floats]] = {}
    for record, photograph in photographed(contents):
        name = PurePosixPath(contents.name(record.image))
        folder = "--".join(name.parent.parts) or PurePosixPath(contents.root).name or "images"
        xy, _, confidence = contents.placed(record)
        target = out / HOME / folder / name.name
        if target.exists():
            raise ExportError(
                f"two images would be {folder}/{name.name} for DeepLabCut, which knows no folders"
                " in folders; rename a folder"
            )
        write_photograph(photograph, target)
        if not np.isnan(xy).all():
            rows = folders.setdefault(folder, {})
            rows[name.name] = np.column_stack([xy, confidence]).ravel()
    for folder, rows in folders.items():
        index = pandas.MultiIndex.from_tuples([(HOME, folder, file) for file in rows])
        values = np.stack(list(rows.values())).reshape(len(rows), len(columns))
        frame = pandas.DataFrame(values, index=index, columns=columns)
        frame.to_csv(out / HOME / folder / f"{FILE_NAME}.csv")
        frame.to_hdf(out / HOME / folder / f"{FILE_NAME}.h5", key=KEY, mode="w")

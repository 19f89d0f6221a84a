"""DeepLabCut's machine labels: what its annotation tool opens to be corrected, as CSV and HDF5.

Places count pixel centers as integers, as napari, in which they are corrected, does.
https://deeplabcut.github.io/DeepLabCut/docs/standardDeepLabCut_UserGuide.html
"""

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from gnomon.disk import new_folder, safe_name
from gnomon.export.contents import Contents
from gnomon.export.free_names import FreeNames
from gnomon.export.photographs import photographed, write_photograph
from gnomon.extras import library
from gnomon.spreadsheets import guarded
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
    home = new_folder(out)
    new_folder(out / HOME)
    columns = pandas.MultiIndex.from_product(
        [[SCORER], list(contents.names), ["x", "y", "likelihood"]],
        names=["scorer", "bodyparts", "coords"],
    )
    folders: dict[str, dict[str, Floats]] = {}
    names = _Names(PurePosixPath(contents.root).name)
    for record, photograph in photographed(contents):
        folder, file_name = names.of(PurePosixPath(contents.file_name(record.image)))
        xy, _, confidence = contents.placed(record)
        write_photograph(photograph, home, f"{HOME}/{folder}/{file_name}")
        if not np.isnan(xy).all():
            rows = folders.setdefault(folder, {})
            rows[file_name] = np.column_stack([xy, confidence]).ravel()
    for folder, rows in folders.items():
        index = pandas.MultiIndex.from_tuples([(HOME, folder, file) for file in rows])
        values = np.stack(list(rows.values())).reshape(len(rows), len(columns))
        frame = pandas.DataFrame(values, index=index, columns=columns)
        safe = frame.rename(index=guarded, columns=guarded)
        with home.create_text(f"{HOME}/{folder}/{FILE_NAME}.csv") as text:
            safe.to_csv(text)
        with home.create(f"{HOME}/{folder}/{FILE_NAME}.h5") as file:
            file.write(_hdf(pandas, frame))


class _Names:
    """Names folders and files for DeepLabCut, which knows no folders in folders."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._folders: dict[PurePosixPath, str] = {}
        self._free_folders = FreeNames()
        self._free_files = FreeNames()

    def of(self, name: PurePosixPath) -> tuple[str, str]:
        """Return the folder and the file of an image."""
        folder = self._folders.get(name.parent)
        if folder is None:
            joined = safe_name("--".join(name.parent.parts) or self._root or "images")
            folder = self._folders[name.parent] = self._free_folders.take(joined)
            for ending in ("csv", "h5"):
                self._free_files.take(f"{folder}/{FILE_NAME}.{ending}")
        file = PurePosixPath(self._free_files.take(f"{folder}/{name.name}"))
        return folder, file.name


def _hdf(pandas: Any, frame: Any) -> bytes:
    """Make the HDF5 file in memory, for HDF5 itself does not live through a full disk."""
    memory = {"driver": "H5FD_CORE", "driver_core_backing_store": 0}
    with pandas.HDFStore(f"{FILE_NAME}.h5", mode="w", **memory) as store:
        frame.to_hdf(store, key=KEY)
        content: bytes = store.root._v_file.get_file_image()
    return content

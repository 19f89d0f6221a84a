"""From ``kind:FOLDER`` to a data set."""

from collections.abc import Callable
from pathlib import Path

from gnomon.arguments import checked
from gnomon.datasets.car_parts import read_car_parts
from gnomon.datasets.coco import read_coco
from gnomon.datasets.corrected import read_corrected
from gnomon.datasets.cub import read_cub
from gnomon.datasets.fg3dcar import read_fg3dcar
from gnomon.datasets.folder import read_folder
from gnomon.datasets.pf_willow import read_pf_willow
from gnomon.datasets.sample import Dataset
from gnomon.datasets.stanfordextra import read_stanfordextra
from gnomon.datasets.synthetic import read_synthetic
from gnomon.errors import DatasetError
from gnomon.plugs import plugged

Reader = Callable[[Path], Dataset]

DATASETS: dict[str, Reader] = {
    "folder": read_folder,
    "cub": read_cub,
    "car_parts": read_car_parts,
    "fg3dcar": read_fg3dcar,
    "coco": read_coco,
    "pf_willow": read_pf_willow,
    "stanfordextra": read_stanfordextra,
    "synthetic": read_synthetic,
    "corrected": read_corrected,
}


@checked
def open_dataset(name: str | Path) -> Dataset:
    """Open ``kind:FOLDER``, a plain ``FOLDER`` of class folders, or ``package.module:name:FOLDER``.

    ``DatasetError`` says what the kind expects and what was found instead, ``SettingError`` that
    there is no such kind.
    """
    text = str(name)
    kind, colon, folder = text.partition(":")
    if not colon or "/" in kind or Path(text).is_dir():
        return read_folder(Path(text))
    if kind not in DATASETS and ":" in folder:
        attribute, _, folder = folder.partition(":")
        kind = f"{kind}:{attribute}"
    if not folder:
        raise DatasetError(f"{text!r} names no folder; a data set is named kind:FOLDER")
    return plugged("data set", kind, DATASETS)(Path(folder))

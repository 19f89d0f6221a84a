"""One folder for each class, photographs inside, at any depth."""

import warnings
from pathlib import Path

from gnomon.datasets.files import CLASS_FOLDERS, contents, require
from gnomon.datasets.sample import Dataset, Sample, Samples, Split
from gnomon.datasets.splits import split_folders, subfolders
from gnomon.errors import DatasetError
from gnomon.images.files import images_in
from gnomon.images.raws import Raws
from gnomon.path_text import path_text


def read_folder(folder: Path) -> Dataset:
    """Read a folder of class folders; a sample's label is its class folder's name.

    Where its folders are called as splits are (``train``, ``valid``, ``Testing``) and hold class
    folders, they are the splits; without a test split, the validation split is the one to test on.
    Hidden files and folders are passed over, and camera raws, with a warning. ``DatasetError``
    where a layout may be read in two ways.
    """
    require(folder, "folder")
    splits, raws = split_folders(folder), Raws()
    if splits is None:
        samples = _classes(folder, None, raws)
    else:
        samples = [
            sample
            for split, top in splits.items()
            for sample in _classes(
                top, split if "test" in splits or split == "train" else "test", raws
            )
        ]
    if raws.count:
        warnings.warn(raws.warning, stacklevel=2)
    if not samples:
        raise DatasetError(
            f"a folder data set is a folder with {CLASS_FOLDERS}; {folder} holds {contents(folder)}"
        )
    return Samples(len(samples), samples.__getitem__)


def _classes(folder: Path, split: Split | None, raws: Raws) -> list[Sample]:
    return [
        Sample(image, label=path_text(top.name), split=split)
        for top in subfolders(folder)
        for image in images_in(top, raws)
    ]

"""One folder for each class, photographs inside, at any depth."""

from pathlib import Path

from gnomon.datasets.files import contents, require
from gnomon.datasets.sample import Dataset, Sample, Samples, Split
from gnomon.errors import DatasetError
from gnomon.images.files import images_in


def read_folder(folder: Path) -> Dataset:
    """Read a folder of class folders; a sample's label is its class folder's name.

    Where there are folders ``train`` and ``test`` (or ``val``) and nothing else, they are the
    split, and the class folders lie inside them. Hidden files and folders are passed over.
    """
    require(folder, "folder")
    tops = _subfolders(folder)
    splits = {"train", "val", "test"}
    if tops and {top.name for top in tops} <= splits:
        samples = [
            sample
            for top in tops
            for sample in _classes(top, "train" if top.name == "train" else "test")
        ]
    else:
        samples = _classes(folder, None)
    if not samples:
        raise DatasetError(
            "a folder data set is a folder with one folder of images for each class; "
            f"{folder} holds {contents(folder)}"
        )
    return Samples(len(samples), samples.__getitem__)


def _classes(folder: Path, split: Split | None) -> list[Sample]:
    return [
        Sample(image, label=top.name, split=split)
        for top in _subfolders(folder)
        for image in images_in(top)
    ]


def _subfolders(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )

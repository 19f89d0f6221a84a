"""Whether the folders of a data set are its splits or its classes."""

from pathlib import Path

from gnomon.datasets.files import contents
from gnomon.datasets.sample import Split
from gnomon.errors import DatasetError
from gnomon.images.files import holds_images, images_in

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What splits are called, in lower case; ``_set`` may follow, as in ``training_set``."""


def split_named(name: str) -> Split | None:
    """Return the split that a folder's name stands for.

    >>> split_named("Training_set"), split_named("valid"), split_named("gull")
    ('train', 'validation', None)
    """
    return SPLIT_NAMES.get(name.lower().removesuffix("set").rstrip("_- "))


def split_folders(folder: Path) -> dict[Split, Path] | None:
    """Find the splits of a data set; ``None`` where its folders are classes.

    A split holds class folders, a class holds images: a class may be called ``train``.
    ``DatasetError`` shows what was found where a layout may be read in two ways.
    """
    tops = [top for top in subfolders(folder) if holds_images(top)]
    named = [top for top in tops if split_named(top.name)]
    if len(named) < len(tops) and all(_holds_images(top) for top in named):
        _refuse_splits_below(folder, tops)
        return None
    strange = [top for top in tops if top not in named]
    bare = [top for top in named if _holds_images(top)]
    if strange or bare:
        raise _ambiguous(folder, tops)
    splits: dict[Split, Path] = {}
    for top in named:
        split = split_named(top.name)
        assert split is not None
        if split in splits:
            raise DatasetError(
                f"{folder}: both {splits[split].name}/ and {top.name}/ are called as a {split} "
                "split is; keep one, or put their class folders together"
            )
        splits[split] = top
        _refuse_splits_below(top, subfolders(top))
    return splits or None


def subfolders(folder: Path) -> list[Path]:
    """List the folders in a folder that are not hidden, sorted."""
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


def _holds_images(folder: Path) -> bool:
    return any(image.parent == folder and image.is_file() for image in images_in(folder))


def _refuse_splits_below(folder: Path, classes: list[Path]) -> None:
    """Raise where what would be a class holds a training split and another one."""
    for one in classes:
        inner = [top for top in subfolders(one) if split_named(top.name) and holds_images(top)]
        if len({split_named(top.name) for top in inner}) > 1:
            names = ", ".join(f"{top.name}/" for top in inner)
            raise DatasetError(
                f"{folder}: the folder {one.name}/ would be a class, but holds {names}, which are "
                f"called as splits are; if it is a data set of its own, name {one}; if it is a "
                "class, put the splits above the classes: train/CLASS/, test/CLASS/"
            )


def _ambiguous(folder: Path, tops: list[Path]) -> DatasetError:
    understood = "; ".join(f"{top.name}/ {_seen(top)}" for top in tops[:8])
    rest = f"; and {len(tops) - 8} more" if len(tops) > 8 else ""
    return DatasetError(
        f"{folder}: its folders may be splits or classes: {understood}{rest}. For splits, let "
        "train/, val/ and test/ hold one folder for each class, and nothing with images stand "
        "beside them; for classes, let each hold its images itself"
    )


def _seen(top: Path) -> str:
    called = split_named(top.name)
    return (
        f"({f'called a {called} split' if called else 'called no split'}) holds {contents(top, 3)}"
    )

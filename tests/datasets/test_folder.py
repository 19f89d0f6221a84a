from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon.datasets import open_dataset
from gnomon.datasets.folder import read_folder
from gnomon.errors import DatasetError


def test_class_folders_are_labels(tmp_path: Path, write_image: Callable[..., None]) -> None:
    for name in ("b/2.PNG", "b/deeper/3.png", "a/1.png", ".git/4.png", "a/.thumbs/5.png"):
        write_image(tmp_path / name)
    (tmp_path / "a/readme.txt").write_text("no image")
    found = [(sample.image.name, sample.label, sample.split) for sample in read_folder(tmp_path)]
    assert found == [("1.png", "a", None), ("2.PNG", "b", None), ("3.png", "b", None)]


def test_train_and_val_folders_are_the_split(
    tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "train/a/1.png")
    write_image(tmp_path / "val/a/2.png")
    found = {(sample.label, sample.split) for sample in read_folder(tmp_path)}
    assert found == {("a", "train"), ("a", "test")}


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "valid", "test"),
        ("Training", "validation", "Testing"),
        ("train", "val", "test"),
        ("TRAIN", "Val", "TEST"),
        ("training_set", "validation_set", "test_set"),
        ("train", "dev", "test"),
    ],
)
def test_splits_by_all_their_names(
    tmp_path: Path, write_image: Callable[..., None], train: str, validation: str, test: str
) -> None:
    for row, split in enumerate((train, validation, test)):
        write_image(tmp_path / split / "a" / f"{row}.png")
        write_image(tmp_path / split / "b" / "deep" / f"{row}.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("no image")
    found = {(sample.image.stem, sample.label, sample.split) for sample in read_folder(tmp_path)}
    splits = (("0", "train"), ("1", "validation"), ("2", "test"))
    assert found == {(stem, label, split) for stem, split in splits for label in "ab"}


def test_a_class_may_be_called_train(tmp_path: Path, write_image: Callable[..., None]) -> None:
    for name in ("train/1.png", "car/2.png", "bus/3.png"):
        write_image(tmp_path / name)
    found = [(sample.label, sample.split) for sample in read_folder(tmp_path)]
    assert found == [("bus", None), ("car", None), ("train", None)]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("train/a/1.png", "gull/2.png"), r"gull/ \(called no split\) holds 2\.png; train/ .*a/"),
        (("train/1.png", "valid/2.png"), r"splits or classes: train/ .* holds 1\.png"),
        (("train/a/1.png", "test/2.png"), r"test/ \(called a test split\) holds 2\.png"),
        (("train/a/1.png", "train/b/1.png", "extra/a/2.png"), r"extra/ \(called no split\)"),
        (("train/a/1.png", "val/a/2.png", "valid/a/3.png"), "both val/ and valid/"),
        (("a/train/1.png", "a/test/2.png", "b/train/3.png"), r"above the classes: train/CLASS/"),
        (("birds/train/a/1.png", "birds/val/a/2.png"), r"data set of its own, name .*birds"),
        (("train/birds/train/a/1.png", "train/birds/test/a/2.png"), r"data set of its own"),
    ],
)
def test_what_may_be_splits_or_classes_is_refused(
    tmp_path: Path, write_image: Callable[..., None], names: tuple[str, ...], says: str
) -> None:
    for name in names:
        write_image(tmp_path / name)
    with pytest.raises(DatasetError, match=says):
        read_folder(tmp_path)


def test_wrong_folders_get_a_sentence(tmp_path: Path, write_image: Callable[..., None]) -> None:
    with pytest.raises(DatasetError, match="found nothing at"):
        read_folder(tmp_path / "no")
    write_image(tmp_path / "1.png")
    with pytest.raises(DatasetError, match=r"one folder of images for each class; .* holds 1\.png"):
        read_folder(tmp_path)
    with pytest.raises(DatasetError, match="found a file at"):
        read_folder(tmp_path / "1.png")


def test_a_folder_that_is_not_there_says_what_is_wanted_and_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "birds").mkdir()
    with pytest.raises(DatasetError) as caught:
        open_dataset(tmp_path / "brids")
    assert str(caught.value) == (
        "a folder data set is a folder with one folder of images for each class; found nothing at"
        f" {tmp_path}/brids; did you mean {tmp_path}/birds?"
    )
    with pytest.raises(DatasetError, match="found nothing at"):
        open_dataset(tmp_path / "none" / "brids")

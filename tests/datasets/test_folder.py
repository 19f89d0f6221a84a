from collections.abc import Callable
from pathlib import Path

import pytest

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


def test_wrong_folders_get_a_sentence(tmp_path: Path, write_image: Callable[..., None]) -> None:
    with pytest.raises(DatasetError, match="found nothing at"):
        read_folder(tmp_path / "no")
    write_image(tmp_path / "1.png")
    with pytest.raises(DatasetError, match=r"one folder of images for each class; .* holds 1\.png"):
        read_folder(tmp_path)
    with pytest.raises(DatasetError, match="found a file at"):
        read_folder(tmp_path / "1.png")

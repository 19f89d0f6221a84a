"""Records that contradict each other are refused; what is left out is told."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_sets import black, coco_json, write_small

from gnomon.datasets import open_dataset
from gnomon.datasets.left_out import named
from gnomon.errors import DatasetError, LeftOutWarning

Change = Callable[[Path], None]


def added(name: str, line: str) -> Change:
    def change(folder: Path) -> None:
        with (folder / name).open("a") as file:
            file.write(f"{line}\n")

    return change


def written(name: str, text: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_text(text)

    return change


def twice(file: str, *path: str) -> Change:
    """Put the first entry of a list in a JSON file there a second time."""

    def change(folder: Path) -> None:
        value = entries = json.loads((folder / file).read_text())
        for step in path:
            entries = entries[step]
        entries.append(entries[0])
        (folder / file).write_text(json.dumps(value))

    return change


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("cub", added("images.txt", "1 001.Gull/b.jpg"), "image '1' twice"),
        ("cub", added("classes.txt", "1 002.Tern"), "class '1' twice"),
        ("cub", added("bounding_boxes.txt", "1 0 0 9 9"), "image '1' twice"),
        ("cub", added("parts/part_locs.txt", "1 7 3 4 1"), "part 7 of image 1 is there twice"),
        ("cub", added("parts/part_locs.txt", "1 8 3 4 1"), "or no part"),
        ("cub", added("parts/parts.txt", "8 beak"), "nothing of part 8 of image 1"),
        ("cub", written("train_test_split.txt", "1 yes\n"), "expected 0 or 1, found 'yes'"),
        ("cub", written("parts/part_locs.txt", "1 7 3 4 yes\n"), "expected 0 or 1, found 'yes'"),
        ("cub", written("parts/part_locs.txt", "1 7 x 4 0\n"), "expected a number, found 'x'"),
        ("coco", twice("annotations.json", "images"), "image 1 twice"),
        ("coco", twice("annotations.json", "categories"), "category 3 twice"),
        ("coco", twice("annotations.json", "annotations"), "annotation 7 twice"),
        (
            "car_parts",
            written("annotations.json", json.dumps(coco_json() | {"annotations": []})),
            "outlines no part",
        ),
        ("stanfordextra", twice("StanfordExtra_v12.json"), "image 'n1-dog/a.jpg' twice"),
        ("corrected", twice("landmarks.json", "images"), "image 'a.png' twice"),
        ("synthetic", added("truth.csv", "00000.png,plain,3,4,5,train"), "image '00000.png' twice"),
        (
            "synthetic",
            written("truth.csv", "image,label,x,y,radius,split\n00000.png,plain,3,4,5,val\n"),
            "a split is train or test, found 'val'",
        ),
        ("fg3dcar", added("landmarks.csv", "Ford_F_2009_03.png,52,3,4"), "vertex 52 twice"),
        (
            "fg3dcar",
            written("landmarks.csv", "Ford_F_2009_03.png,52,3,4\nFord_F_2009_03.png,53,3,4\n"),
            "expected the columns image, vertex, x, y",
        ),
    ],
)
def test_records_that_hide_each_other_are_refused(
    kind: str, change: Change, says: str, tmp_path: Path
) -> None:
    folder = write_small(kind, tmp_path / "set")
    change(folder)
    with pytest.raises(DatasetError, match=says):
        open_dataset(f"{kind}:{folder}")


@pytest.mark.parametrize("row", [-1, 1])
def test_a_split_lists_rows_that_there_are(row: int, tmp_path: Path) -> None:
    import numpy as np

    folder = write_small("stanfordextra", tmp_path / "set")
    np.save(folder / "val_stanford_StanfordExtra_v12.npy", np.array([row]))
    with pytest.raises(DatasetError, match=f"rows are 0 to 0, each in one split; found {row}"):
        open_dataset(f"stanfordextra:{folder}")


def beside(image: str, like: str) -> Change:
    def change(folder: Path) -> None:
        shutil.copy(folder / like, folder / image)

    return change


def unseen(folder: Path) -> None:
    value = coco_json()
    black(folder / "images" / "b.jpg")
    images = value["images"]
    assert isinstance(images, list)
    images.append({"id": 2, "file_name": "b.jpg", "width": 40, "height": 30})
    (folder / "annotations.json").write_text(json.dumps(value))


def pointless(folder: Path) -> None:
    text = json.dumps(coco_json())
    (folder / "annotations.json").write_text(text.replace('"keypoints": [2', '"points": [2'))


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("cub", added("image_class_labels.txt", "2 1"), r"does not list, left out: 1, 2$"),
        ("coco", unseen, r"without an object, left out: 1, b\.jpg$"),
        ("coco", pointless, r"objects of .* without keypoints, .* names some: 1, a\.jpg$"),
        (
            "fg3dcar",
            beside("images/Ford_G_2009_03.png", "images/Ford_F_2009_03.png"),
            r"without a landmark in .*: 1, Ford_G_2009_03\.png$",
        ),
        (
            "synthetic",
            beside("images/00001.png", "images/00000.png"),
            r"does not list, left out: 1, 00001\.png$",
        ),
        ("pf_willow", beside("car(G)/b.png", "car(G)/a.png"), r"without a table .*: 1, b\.png$"),
    ],
)
def test_what_is_left_out_is_told(kind: str, change: Change, says: str, tmp_path: Path) -> None:
    folder = write_small(kind, tmp_path / "set")
    before = [sample.image for sample in open_dataset(f"{kind}:{folder}")]
    change(folder)
    with pytest.warns(LeftOutWarning, match=says):
        dataset = open_dataset(f"{kind}:{folder}")
    assert [sample.image for sample in dataset] == before


def test_five_are_named() -> None:
    assert named(list("abcde")) == "a, b, c, d, e"
    assert named(list("abcdef")) == "a, b, c, d, e and 1 more"

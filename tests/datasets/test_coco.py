import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gnomon.datasets.coco import read_coco
from gnomon.errors import DatasetError, LeftOutWarning

PERSON = {"id": 1, "name": "person", "keypoints": ["nose", "left_eye", "right_eye"]}


def person(
    image: int, box: list[float], keypoints: list[float], crowd: int = 0
) -> dict[str, object]:
    return {
        "image_id": image,
        "category_id": 1,
        "bbox": box,
        "keypoints": keypoints,
        "iscrowd": crowd,
        "segmentation": {"counts": "0", "size": [30, 40]},
    }


def write(folder: Path, name: str, *objects: object, images: tuple[str, ...] = ("a.png",)) -> None:
    content = {
        "images": [
            {"id": row, "file_name": image, "width": 40, "height": 30}
            for row, image in enumerate(images)
        ],
        "categories": [PERSON],
        "annotations": objects,
    }
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))


TWO = (
    person(0, [2, 3, 10, 20], [7, 3, 2, 8, 4, 1, 0, 0, 0]),
    person(0, [0, 0, 5, 6], [0, 0, 0, 1, 2, 2, 0, 0, 0]),
    person(0, [0, 0, 40, 30], [9, 9, 2, 9, 9, 2, 9, 9, 2], crowd=1),
)


def test_visibility_ids_boxes_and_scale(tmp_path: Path, write_image: Callable[..., None]) -> None:
    write_image(tmp_path / "a.png")
    write(tmp_path, "annotations.json", *TWO)
    (sample,) = read_coco(tmp_path)
    assert (sample.label, sample.split) == ("person", None)
    np.testing.assert_allclose(sample.boxes, [[1.5, 2.5, 10, 20], [-0.5, -0.5, 5, 6]])
    found = sample.landmarks
    assert found is not None
    assert found.names == ("nose", "left_eye", "left_eye")
    np.testing.assert_array_equal(found.ids, [1, 2, 2])
    np.testing.assert_array_equal(found.visible, [True, False, True])
    np.testing.assert_allclose(found.xy, [[7, 3], [8, 4], [1, 2]])
    assert found.scale == 20


def test_a_turned_image_turns_its_points(tmp_path: Path, write_image: Callable[..., None]) -> None:
    write_image(tmp_path / "images/a.png", orientation=6)
    write(tmp_path, "annotations.json", *TWO)
    (sample,) = read_coco(tmp_path)
    assert sample.landmarks is not None
    np.testing.assert_allclose(sample.landmarks.xy[0], [29 - 3, 7])
    np.testing.assert_allclose(sample.boxes[1], [29 - 5.5, -0.5, 6, 5])


def test_cocos_own_layout_and_splits(tmp_path: Path, write_image: Callable[..., None]) -> None:
    write_image(tmp_path / "train2017/a.png")
    write_image(tmp_path / "val2017/b.png")
    write(tmp_path, "annotations/person_keypoints_train2017.json", *TWO)
    write(tmp_path, "annotations/person_keypoints_val2017.json", TWO[0], images=("b.png", "c.png"))
    (tmp_path / "annotations/captions_val2017.json").write_text("{}")
    with pytest.warns(
        LeftOutWarning, match=r"val2017.json without an object, left out: 1, c\.png$"
    ):
        train, val = read_coco(tmp_path)
    assert (train.image.name, train.split) == ("a.png", "train")
    assert (val.image.name, val.split) == ("b.png", "test")


def test_wrong_folders_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"annotations\.json or annotations/.* holds nothing"):
        read_coco(tmp_path)
    with pytest.raises(DatasetError, match="found nothing at"):
        read_coco(tmp_path / "no")
    write(tmp_path, "annotations.json", *TWO)
    with pytest.raises(DatasetError, match=r"1 of them are not there, the first of them .*a\.png"):
        read_coco(tmp_path)


def test_points_without_names_get_a_sentence(
    tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "a.png")
    write(tmp_path, "annotations.json", person(0, [0, 0, 9, 9], [1, 1, 2]))
    with pytest.raises(DatasetError, match=r"'person' names 3 keypoints, but .* holds 1"):
        read_coco(tmp_path)[0]


@pytest.mark.parametrize(
    "bbox", [None, [0, 0, 0, 0], [3, 3, 8, 0], [3, 3, 0, 8], [5, 5, -4, 6]], ids=str
)
def test_an_object_without_a_box_is_as_large_as_its_points(
    bbox: list[float] | None, tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "a.png")
    write(
        tmp_path, "annotations.json", person(0, [], [7, 3, 2, 8, 16, 1, 0, 0, 0]) | {"bbox": bbox}
    )
    (sample,) = read_coco(tmp_path)
    assert sample.boxes.shape == (0, 4)
    assert sample.landmarks is not None
    assert sample.landmarks.scale == 13


def test_a_box_that_is_absent_leaves_those_of_the_others(
    tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "a.png")
    without = {"image_id": 0, "category_id": 1, "keypoints": [9, 9, 2, 0, 0, 0, 0, 0, 0]}
    write(tmp_path, "annotations.json", TWO[0], without)
    (sample,) = read_coco(tmp_path)
    np.testing.assert_allclose(sample.boxes, [[1.5, 2.5, 10, 20]])
    assert sample.landmarks is not None
    assert sample.landmarks.scale == 20


def test_one_point_without_a_box_is_as_large_as_the_image(
    tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "a.png")
    write(tmp_path, "annotations.json", person(0, [0, 0, 0, 0], [9, 9, 2, 0, 0, 0, 0, 0, 0]))
    (sample,) = read_coco(tmp_path)
    assert sample.landmarks is not None
    assert sample.landmarks.scale == 40


def test_ids_that_are_text_and_a_segmentation_that_is_null(
    tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "a.png")
    one = person(0, [2, 3, 10, 20], [7, 3, 2, 8, 4, 1, 0, 0, 0])
    content = {
        "images": [{"id": "first", "file_name": "a.png", "width": 40, "height": 30}],
        "categories": [PERSON | {"id": "p"}],
        "annotations": [one | {"image_id": "first", "category_id": "p", "segmentation": None}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    (sample,) = read_coco(tmp_path)
    assert sample.label == "person"
    assert sample.landmarks is not None
    np.testing.assert_allclose(sample.landmarks.xy, [[7, 3], [8, 4]])


@pytest.mark.parametrize(
    ("changes", "category", "said"),
    [
        ({"category_id": 7}, {}, "an annotation is of category 7, which is not there"),
        ({"image_id": 7}, {}, "an annotation is of image 7, which is not there"),
        ({}, {"keypoints": None}, "'person' names 0 keypoints, but .* holds 3"),
        ({}, {"keypoints": []}, "'person' names 0 keypoints, but .* holds 3"),
        ({}, {"keypoints": ["nose"]}, "'person' names 1 keypoints, but .* holds 3"),
    ],
    ids=["category", "image", "null names", "no names", "fewer names"],
)
def test_what_does_not_fit_together_gets_a_sentence(
    changes: dict[str, int],
    category: dict[str, object],
    said: str,
    tmp_path: Path,
    write_image: Callable[..., None],
) -> None:
    write_image(tmp_path / "a.png")
    write(tmp_path, "annotations.json", TWO[0] | changes)
    content = json.loads((tmp_path / "annotations.json").read_text())
    content["categories"][0] |= category
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    with pytest.raises(DatasetError, match=said):
        list(read_coco(tmp_path))

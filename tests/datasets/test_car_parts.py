import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gnomon.datasets.car_parts import ends_in_view, read_car_parts
from gnomon.errors import DatasetError


def annotation(image: int, category: int, *outlines: list[float]) -> dict[str, object]:
    return {
        "image_id": image,
        "category_id": category,
        "segmentation": list(outlines),
        "bbox": [0, 0, 1, 1],
    }


@pytest.fixture
def cars(tmp_path: Path, write_image: Callable[..., None]) -> Path:
    write_image(tmp_path / "JPEGImages/a.jpg")
    write_image(tmp_path / "JPEGImages/b.jpg", orientation=6)
    square = [0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0]
    slip = [1.0, 1.0, 2.0, 1.0, 2.0, 2.0]
    content = {
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 40, "height": 30},
            {"id": 2, "file_name": "b.jpg", "width": 40, "height": 30},
        ],
        "categories": [{"id": 14, "name": "hood"}, {"id": 19, "name": "wheel"}],
        "annotations": [
            annotation(1, 14, square),
            annotation(1, 19, [10.0, 10, 20, 10, 20, 26, 10, 26], slip, square),
        ],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    return tmp_path


def test_each_outline_is_a_polygon_and_a_landmark(cars: Path) -> None:
    sample = read_car_parts(cars)[0]
    assert [piece.name for piece in sample.polygons] == ["hood", "wheel", "wheel"]
    assert sample.landmarks is not None
    assert sample.landmarks.names == ("hood", "wheel", "wheel")
    np.testing.assert_array_equal(sample.landmarks.ids, [14, 19, 19])
    np.testing.assert_allclose(sample.landmarks.xy, [[1.5, 1.5], [14.5, 17.5], [1.5, 1.5]])
    np.testing.assert_allclose(sample.boxes, [[-0.5, -0.5, 20, 26]])
    assert sample.landmarks.scale == 26
    assert sample.viewpoint == "front"


def test_an_image_without_parts_is_a_sample_without_landmarks(cars: Path) -> None:
    sample = read_car_parts(cars)[1]
    assert (sample.landmarks, sample.viewpoint, sample.polygons) == (None, None, ())
    assert sample.boxes.shape == (0, 4)


def test_not_coco_gets_a_sentence(cars: Path) -> None:
    (cars / "annotations.json").write_text('{"pictures": []}')
    with pytest.raises(DatasetError, match="is not in COCO's format"):
        read_car_parts(cars)
    (cars / "annotations.json").write_text("{")
    with pytest.raises(DatasetError, match="is not in COCO's format"):
        read_car_parts(cars)


def test_the_real_cars(shared: Path) -> None:
    cars = read_car_parts(shared / "car_parts")
    samples = list(cars)
    assert len(cars) == 400
    content = json.loads((shared / "car_parts/annotations.json").read_text())
    names = {entry["id"]: entry["name"] for entry in content["categories"]}
    parts: dict[int, list[str]] = {entry["id"]: [] for entry in content["images"]}
    for entry in content["annotations"]:
        parts[entry["image_id"]].append(names[entry["category_id"]])
    assert Counter(ends_in_view(found) for found in parts.values()) == {
        (True, False): 208,
        (False, True): 123,
        (True, True): 42,
        (False, False): 27,
    }
    assert Counter(s.viewpoint for s in samples) == {"front": 208, "rear": 123, None: 69}
    assert len({piece.name for sample in samples for piece in sample.polygons}) == 18

"""Label Studio's tasks as people have them: any address of an image, several annotators."""

import json
from pathlib import Path
from typing import Any

import pytest

from gnomon.corrections.label_studio import file_name, read_label_studio


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("/data/local-files/?d=birds/a%20b.jpg", "a b.jpg"),
        ("http://localhost:8080/data/local-files/?d=birds%2Fgull.jpg", "gull.jpg"),
        ("file:///home/me/M%C3%B6we.jpg", "Möwe.jpg"),
        ("s3://bucket/birds/100%25.jpg", "100%.jpg"),
        ("gs://bucket/birds/gull%231.jpg", "gull#1.jpg"),
        ("https://host/gull.jpg?X-Amz-Signature=a/b.jpg", "gull.jpg"),
        ("/data/upload/3/0a1b2c3d-gull.jpg", "gull.jpg"),
        ("birds/100%25 #1?.jpg", "100%25 #1?.jpg"),
        ("0a1b2c3d-gull.jpg", "0a1b2c3d-gull.jpg"),
    ],
)
def test_an_address_leads_to_the_files_name(image: str, name: str) -> None:
    assert file_name(image) == name


def annotation(x: float, **fields: Any) -> dict[str, Any]:
    value = {"x": x, "y": 50, "keypointlabels": ["beak"]}
    region = {"id": "a", "type": "keypointlabels", "original_width": 100, "original_height": 100}
    return {"result": [region | {"value": value}]} | fields


EARLY, LATE = "2024-05-01T10:00:00.000000Z", "2024-05-02T09:00:00.000000Z"


@pytest.mark.parametrize(
    ("annotations", "x"),
    [
        ([annotation(10), annotation(20)], 20),
        ([annotation(10, updated_at=LATE), annotation(20, updated_at=EARLY)], 10),
        ([annotation(10, ground_truth=True), annotation(20, updated_at=LATE)], 10),
        ([annotation(10, ground_truth=True, was_cancelled=True), annotation(20)], 20),
    ],
    ids=["the last", "the newest", "ground truth", "none that was cancelled"],
)
def test_one_of_several_annotators_wins(
    annotations: list[dict[str, Any]], x: float, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([{"data": {"image": "a.jpg"}, "annotations": annotations}]))
    (image,) = read_label_studio(file)
    assert [point.x for point in image.points] == [x - 0.5]

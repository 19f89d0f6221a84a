"""Label Studio's tasks as people have them: any address of an image, several annotators."""

import json
from pathlib import Path
from typing import Any

import pytest

from gnomon.corrections.label_studio import file_name, read_label_studio
from gnomon.errors import ExportError


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


EARLY, LATE = "2024-05-01T10:00:00Z", "2024-05-02T09:00:00.000000Z"
HALF, EAST = "2024-05-01T10:00:00.500000Z", "2024-05-01T11:00:00+02:00"


@pytest.mark.parametrize(
    ("annotations", "x"),
    [
        ([annotation(10), annotation(20)], 20),
        ([annotation(10, updated_at=LATE), annotation(20, updated_at=EARLY)], 10),
        ([annotation(10, ground_truth=True), annotation(20, updated_at=LATE)], 10),
        ([annotation(10, ground_truth=True, was_cancelled=True), annotation(20)], 20),
        ([annotation(10, updated_at=HALF), annotation(20, updated_at=EARLY)], 10),
        ([annotation(10, updated_at=EARLY), annotation(20, updated_at=EAST)], 10),
        ([annotation(10, created_at=LATE), annotation(20, updated_at=EARLY)], 10),
        ([annotation(10, ground_truth=True), annotation(20, ground_truth=True)], 20),
    ],
    ids=[
        *("the last", "the newest", "ground truth", "none that was cancelled"),
        *("half a second later", "in another zone", "created and never updated", "two marked"),
    ],
)
def test_one_of_several_annotators_wins(
    annotations: list[dict[str, Any]], x: float, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([{"data": {"image": "a.jpg"}, "annotations": annotations}]))
    (image,) = read_label_studio(file)
    assert [point.x for point in image.points] == [x - 0.5]


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ({"id": 3, "email": "ann@host"}, "ann@host"),
        ({"id": 3}, "3"),
        (3, "3"),
        ("ann", "ann"),
        ({}, None),
        (None, None),
    ],
)
def test_the_annotator_is_the_one_whose_points_were_taken(
    by: object, name: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.json"
    both = [
        annotation(10, ground_truth=True, completed_by=by),
        annotation(20, completed_by={"id": 9, "email": "bob@host"}),
    ]
    alone = [annotation(20, completed_by=9)]
    tasks = [{"data": {"image": f"{n}.jpg"}, "annotations": a} for n, a in enumerate((both, alone))]
    file.write_text(json.dumps(tasks))
    first, second = read_label_studio(file)
    assert (first.annotator, first.n_annotators) == (name, 2)
    assert (second.annotator, second.n_annotators) == ("9", 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"updated_at": "yesterday"}, "updated_at"), ({"completed_by": 0.5}, "completed_by")],
)
def test_what_is_no_date_and_no_person_is_refused(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.json"
    file.write_text(
        json.dumps([{"data": {"image": "a"}, "annotations": [annotation(1, **change)]}])
    )
    with pytest.raises(ExportError, match=says):
        read_label_studio(file)


def test_a_region_without_a_type_is_refused(tmp_path: Path) -> None:
    wrong = annotation(1)
    del wrong["result"][0]["type"]
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([{"data": {"image": "a"}, "annotations": [wrong]}]))
    with pytest.raises(ExportError, match="a region has the type None, which is no text"):
        read_label_studio(file)

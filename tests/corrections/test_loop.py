"""Export, correct as a person would in the tool's own file, import, and count."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gnomon.corrections import Changes, Corrections, read_corrections, write_corrections
from gnomon.datasets import open_dataset
from gnomon.datasets.sample import Edits
from gnomon.errors import ExportError, SettingError
from gnomon.export import export_run, open_contents
from gnomon.runs import annotated, read_run

MOVE = (7.0, -4.0)


def correct_coco(out: Path) -> Path:
    """In the first image: move the second point, delete the fourth."""
    truth = json.loads(out.read_text())
    points = truth["annotations"][0]["keypoints"]
    points[3] += MOVE[0]
    points[4] += MOVE[1]
    points[9:12] = [0, 0, 0]
    out.write_text(json.dumps(truth))
    return out


def correct_cvat(out: Path) -> Path:
    """The same, and add one point; CVAT writes two decimals."""
    file = out / "annotations.xml"
    tree = ElementTree.parse(file)
    for one in tree.getroot().iter("points"):
        x, y = map(float, one.attrib["points"].split(","))
        one.attrib["points"] = f"{x:.2f},{y:.2f}"
    image = next(tree.getroot().iter("image"))
    points = image.findall("points")
    x, y = map(float, points[1].attrib["points"].split(","))
    points[1].attrib["points"] = f"{x + MOVE[0]:.2f},{y + MOVE[1]:.2f}"
    image.remove(points[3])
    added = {"label": "keypoint", "source": "manual", "occluded": "1", "points": "5.50,41.50"}
    ElementTree.SubElement(image, "points", added)
    tree.write(file, encoding="utf-8")
    return out


def correct_label_studio(out: Path) -> Path:
    """The same, as Label Studio exports it: only what was submitted."""
    tasks = json.loads((out / "tasks.json").read_text())
    done = []
    for task in tasks:
        (prediction,) = task.pop("predictions")
        done.append(task | {"annotations": [{"result": prediction["result"]}]})
    result = done[0]["annotations"][0]["result"]
    result[1]["value"]["x"] += MOVE[0] / 64 * 100
    result[1]["value"]["y"] += MOVE[1] / 48 * 100
    added = result[0] | {"id": "YIvf3Y8671", "value": dict(result[0]["value"])}
    added["value"] |= {"x": 5.5 / 64 * 100, "y": 41.5 / 48 * 100}
    del result[3]
    result.append(added)
    corrected = out / "corrected.json"
    corrected.write_text(json.dumps(done[:2]))
    return corrected


CORRECT: dict[str, tuple[Callable[[Path], Path], Changes, int]] = {
    "coco": (correct_coco, Changes(kept=16, moved=1, deleted=1), 3),
    "cvat": (correct_cvat, Changes(kept=16, moved=1, deleted=1, added=1), 3),
    "label-studio": (correct_label_studio, Changes(kept=10, moved=1, deleted=1, added=1), 2),
}


def loop(run: Path, tool: str, tmp_path: Path) -> Corrections:
    file = CORRECT[tool][0](export_run(run, tool, tmp_path / "out").path)
    return read_corrections(open_contents(run), tool, file)


@pytest.mark.parametrize("tool", CORRECT)
def test_what_was_changed_is_counted(tool: str, run: Path, tmp_path: Path) -> None:
    found = loop(run, tool, tmp_path)
    _, changes, images = CORRECT[tool]
    assert len(found.images) == images
    assert found.changes == changes
    assert found.changes.clicks_saved == changes.kept - changes.deleted
    assert found.unknown == ()


@pytest.mark.parametrize("tool", CORRECT)
def test_the_points_are_landmarks_where_the_person_put_them(
    tool: str, run: Path, tmp_path: Path
) -> None:
    contents = open_contents(run)
    write_corrections(loop(run, tool, tmp_path), contents, tmp_path / "corrected")
    dataset = open_dataset(f"corrected:{tmp_path / 'corrected'}")
    first = next(iter(dataset)).landmarks
    before = next(iter(contents)).xy
    wanted = np.delete(before, 3, axis=0)
    wanted[1] += MOVE
    if tool != "coco":
        wanted = np.vstack([wanted, (5.0, 41.0)])
    assert first is not None
    np.testing.assert_allclose(first.xy, wanted, atol=0.006 if tool == "cvat" else 1e-9)
    assert first.names == ("keypoint",) * len(wanted)
    assert first.visible.tolist() == [True] * 5 + [tool != "cvat"] * (len(wanted) - 5)
    assert first.scale == pytest.approx(np.ptp(wanted, axis=0).max(), abs=0.02)
    changes = ["kept", "moved", "kept", "kept", "kept", "added"]
    assert next(iter(dataset)).edits == Edits(tuple(changes[: len(wanted)]), deleted=1)  # type: ignore[arg-type]
    seen = annotated(read_run(run), dataset)
    assert len(seen.samples) == len(dataset)


@pytest.mark.parametrize("tool", ["coco", "cvat"])
def test_parts_are_found_again_by_their_names(tool: str, with_parts: Path, tmp_path: Path) -> None:
    found = loop(with_parts, tool, tmp_path)
    assert found.changes == CORRECT[tool][1]
    write_corrections(found, open_contents(with_parts), tmp_path / "corrected")
    first = next(iter(open_dataset(f"corrected:{tmp_path / 'corrected'}"))).landmarks
    assert first is not None
    assert first.names[:5] == ("part a", "part b", "part c", "part e", "part f")
    assert first.ids[:5].tolist() == [1, 2, 3, 5, 6]


def test_only_what_was_exported_counts(run: Path, tmp_path: Path) -> None:
    export_run(run, "cvat", tmp_path / "out", top=2)
    found = read_corrections(open_contents(run, top=2), "cvat", tmp_path / "out")
    assert found.changes == Changes(kept=6)


def test_a_tool_without_ranks_is_matched_by_place(run: Path, tmp_path: Path) -> None:
    export_run(run, "cvat", tmp_path / "out")
    file = correct_cvat(tmp_path / "out") / "annotations.xml"
    text = file.read_text()
    file.write_text(text.replace('name="rank"', 'name="other"'))
    far = read_corrections(open_contents(run), "cvat", file)
    assert far.changes == Changes(kept=16, deleted=2, added=2), "8 px are too far to be a move"
    moved = ElementTree.parse(file)
    one = next(moved.getroot().iter("image")).findall("points")[0]
    x, y = map(float, one.attrib["points"].split(","))
    one.attrib["points"] = f"{x + 1.5},{y - 1}"
    moved.write(file)
    near = read_corrections(open_contents(run), "cvat", file)
    assert near.changes == Changes(kept=15, moved=1, deleted=2, added=2)


def test_skeletons_that_cvat_gives_back(run: Path, tmp_path: Path) -> None:
    contents = open_contents(run)
    xy = next(iter(contents)).xy + 0.5
    points = "".join(
        f'<points label="{n}" outside="{int(n == 2)}" occluded="{int(n == 3)}" '
        f'points="{x:.2f},{y:.2f}"/>'
        for n, (x, y) in enumerate(xy, start=1)
    )
    file = tmp_path / "annotations.xml"
    file.write_text(
        '<annotations><image id="0" name="a.png" width="64" height="48">'
        f'<skeleton label="bird">{points}</skeleton></image></annotations>'
    )
    found = read_corrections(contents, "cvat", file)
    assert found.changes == Changes(kept=5, deleted=1)
    assert [point.visible for point in found.images[0].points] == [True, False, True, True, True]


def test_an_image_of_another_name_is_told(run: Path, tmp_path: Path) -> None:
    export_run(run, "coco", tmp_path / "out.json")
    truth = json.loads((tmp_path / "out.json").read_text())
    truth["images"][1]["file_name"] = "elsewhere.png"
    truth["images"][2]["file_name"] = "renamed folder/b.png"
    for image in truth["images"]:
        del image["gnomon_id"]
    (tmp_path / "out.json").write_text(json.dumps(truth))
    found = read_corrections(open_contents(run), "coco", tmp_path / "out.json")
    assert [Path(one.image.path).name for one in found.images] == ["a.png", "b.png"]
    assert found.unknown == ("elsewhere.png",)


def test_a_file_name_tells_an_image_only_where_one_has_it(run: Path, tmp_path: Path) -> None:
    export_run(run, "cvat", tmp_path / "out")
    file = tmp_path / "out" / "annotations.xml"
    tree = ElementTree.parse(file)
    tree.getroot().remove(next(tree.getroot().iter("image")))
    tree.write(file)
    found = read_corrections(open_contents(run), "cvat", file)
    names = [Path(one.image.path).relative_to(tmp_path / "photographs") for one in found.images]
    assert [one.as_posix() for one in names] == ["birds/a.png", "birds/b.png"]
    assert found.changes == Changes(kept=12)
    file.write_text(file.read_text().replace('"birds/a.png"', '"elsewhere/a.png"'))
    found = read_corrections(open_contents(run), "cvat", file)
    assert [Path(one.image.path).name for one in found.images] == ["b.png"]
    assert found.unknown == ("elsewhere/a.png",), "the run has two of this name"


@pytest.mark.parametrize("tool", CORRECT)
def test_an_image_that_stands_twice_is_refused(tool: str, run: Path, tmp_path: Path) -> None:
    file = CORRECT[tool][0](export_run(run, tool, tmp_path / "out").path)
    if tool == "cvat":
        tree = ElementTree.parse(file / "annotations.xml")
        tree.getroot().append(next(tree.getroot().iter("image")))
        tree.write(file / "annotations.xml")
    else:
        value = json.loads(file.read_text())
        images = value if tool == "label-studio" else value["images"]
        images.append(images[0] if tool == "label-studio" else images[0] | {"id": 99})
        file.write_text(json.dumps(value))
    with pytest.raises(ExportError, match=r"has 'a\.png' 2 times; leave one of them"):
        read_corrections(open_contents(run), tool, file)


def test_each_annotator_is_counted(run: Path, tmp_path: Path) -> None:
    export_run(run, "label-studio", tmp_path / "out")
    file = correct_label_studio(tmp_path / "out")
    tasks = json.loads(file.read_text())
    first, second = (task["annotations"] for task in tasks)
    first[0] |= {"completed_by": {"id": 1, "email": "ann@host"}, "ground_truth": True}
    first.append({"result": [], "completed_by": 2, "updated_at": "2030-01-01T00:00:00Z"})
    second[0] |= {"completed_by": 2}
    file.write_text(json.dumps(tasks))
    contents = open_contents(run)
    found = read_corrections(contents, "label-studio", file)
    assert found.annotators == {"ann@host": 1, "2": 1}
    assert found.n_chosen == 1
    assert found.changes == CORRECT["label-studio"][1], "ann's, though the other's are newer"
    write_corrections(found, contents, tmp_path / "corrected")
    said = json.loads((tmp_path / "corrected" / "changes.json").read_text())
    assert said["annotators"] == {"ann@host": 1, "2": 1}
    assert [one["annotator"] for one in said["each"]] == ["ann@host", "2"]


def test_what_cannot_be_read_is_told(run: Path, tmp_path: Path) -> None:
    contents = open_contents(run)
    bad = tmp_path / "bad"
    bad.write_text("[{}]")
    with pytest.raises(ExportError, match="not Label Studio's JSON"):
        read_corrections(contents, "label-studio", bad)
    with pytest.raises(ExportError, match="not in CVAT's format"):
        read_corrections(contents, "cvat", bad)
    with pytest.raises(SettingError, match="did you mean 'cvat'"):
        read_corrections(contents, "cvt", bad)
    bad.write_text('<annotations><image id="0" name="x.png" width="1" height="1"/></annotations>')
    with pytest.raises(ExportError, match="none of the 1 images"):
        read_corrections(contents, "cvat", bad)

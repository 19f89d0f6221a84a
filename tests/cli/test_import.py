"""`gnomon import` says whose points it took, and which images the run has not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import drawn_info, found_points
from small_sets import write_small

from gnomon.export import export_run
from gnomon.runs import write_run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a run of two images, and what two annotators submitted of its export."""
    found = {name: found_points(3, seed) for seed, name in enumerate(("a.jpg", "b.jpg"))}
    write_run(tmp_path / "run", drawn_info(), found)
    export_run(tmp_path / "run", "label-studio", tmp_path / "out")
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    for task, people in zip(tasks, (("ann", "bob"), ("bob",)), strict=True):
        (prediction,) = task.pop("predictions")
        task["annotations"] = [
            {"result": prediction["result"], "completed_by": {"id": 1, "email": f"{name}@host"}}
            for name in people
        ]
    (tmp_path / "project.json").write_text(json.dumps(tasks))
    return tmp_path


def test_the_annotators_are_counted(
    project: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("import", project / "run", project / "project.json", "--format", "label-studio")
    assert run(*words, "--out", project / "back") == 0
    said = capsys.readouterr().err
    assert (
        "images by annotator: bob@host 2; of 1 with several annotators, the ground truth or else"
        " the newest"
    ) in said


def test_five_images_that_the_run_lacks_are_named(
    project: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = json.loads((project / "project.json").read_text())
    tasks += [
        {"data": {"image": f"other-{n}.jpg"}, "annotations": [{"result": []}]} for n in range(7)
    ]
    (project / "project.json").write_text(json.dumps(tasks))
    words = ("import", project / "run", project / "project.json", "--format", "label-studio")
    assert run(*words, "--out", project / "back") == 0
    assert (
        "images of the file that are not in the run: 7, other-0.jpg, other-1.jpg, other-2.jpg,"
        " other-3.jpg, other-4.jpg and 2 more"
    ) in capsys.readouterr().err
    (project / "project.json").write_text(json.dumps(tasks[2:]))
    assert run(*words, "--out", project / "none") == 2
    assert "none of the 7 images" in " ".join(capsys.readouterr().err.split())
    assert not (project / "none").exists()


@pytest.mark.filterwarnings("always::gnomon.errors.LeftOutWarning")
def test_what_a_data_set_leaves_out_is_a_line(
    tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_small("cub", tmp_path / "set")
    with (folder / "image_class_labels.txt").open("a") as file:
        file.write("2 1\n")
    write_run(tmp_path / "run", drawn_info(), {"a.jpg": found_points(3)})
    assert run("salient", tmp_path / "run", "--dataset", f"cub:{folder}") == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"images that {folder}/images.txt does not list, left out: 1, 2"
    assert "none of the 1 images" in said[1]

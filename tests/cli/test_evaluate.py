"""`gnomon evaluate` as a user meets it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnomon.cli.progress import Progress
from gnomon.datasets.synthetic import write_synthetic
from gnomon.runs import read_run
from gnomon.runs.discovered import part_places, read_searched

QUICK = ("--device", "cpu", "--quiet", "--repeat-images", 0)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    write_synthetic(tmp_path / "drawn", 8)
    return tmp_path / "drawn"


@pytest.fixture
def detected(tmp_path: Path, drawn: Path, run: Callable[..., int]) -> Path:
    """Detect in the data set and in an image that is not in it."""
    other = Path(__file__).parents[2] / "samples" / "cat.jpg"
    words = (drawn / "images", other, "--out", tmp_path / "run", "--size", 64, 64, "--no-figures")
    assert run("detect", *words, "--device", "cpu", "--quiet") == 0
    return tmp_path / "run"


def record(folder: Path) -> Any:
    return json.loads((folder / "evaluation" / "evaluation.json").read_text())


def test_it_writes_a_record_and_a_page_and_names_what_is_absent(
    detected: Path,
    drawn: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("evaluate", detected, "--dataset", f"synthetic:{drawn}", "--sanity-images", 1)
    assert run(*words, "--device", "cpu", "--repeat-images", 2) == 0
    said = capsys.readouterr()
    page = detected / "evaluation" / "evaluation.html"
    assert said.out.strip() == str(page)
    assert page.stat().st_size > 10_000
    assert "1 image of the run is not in the data set" in said.err
    assert "cat.jpg" in said.err
    assert "Shi-Tomasi" in said.err
    written = record(detected)
    assert [Path(str(one)).name for one in written["absent"]] == ["cat.jpg"]
    assert written["evaluation"]["images"] == 6
    assert written["sanity"]["images"] == 1
    again = json.loads((detected / "evaluation" / "repeat.json").read_text())
    assert again["photographs"] == 2
    assert (detected / "evaluation" / "repeat.png").stat().st_size > 10_000
    assert "found again" in said.err


def test_a_try_on_a_few_images_moves_its_bar_to_the_end_and_never_back(
    detected: Path,
    drawn: Path,
    run: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[float] = []
    ends: list[float | None] = []
    update = Progress.image_done

    def noted(progress: Progress, count: int = 1) -> None:
        update(progress, count)
        seen.append(progress._bars.tasks[0].completed)
        ends.append(progress._bars.tasks[0].total)

    monkeypatch.setattr(Progress, "image_done", noted)
    words = ("evaluate", detected, "--dataset", f"synthetic:{drawn}", "--sanity-images", 2)
    assert run(*words, "--device", "cpu", "--repeat-images", 1, "--limit", 3) == 0
    assert seen == sorted(seen)
    assert seen[-1] == ends[-1]
    written = record(detected)["evaluation"]
    assert written["images"] + written["unannotated"] == 3


def test_one_split_without_sanity(detected: Path, drawn: Path, run: Callable[..., int]) -> None:
    words = ("evaluate", detected, "--dataset", f"synthetic:{drawn}", "--sanity-images", 0)
    assert run(*words, "--split", "test", *QUICK) == 0
    written = record(detected)
    assert written["split"] == "test"
    assert written["other_split"] == 6
    assert written["sanity"] is None
    assert written["evaluation"]["images"] + written["evaluation"]["unannotated"] == 2


def test_the_parts_of_a_run_are_measured_too(
    detected: Path, drawn: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("parts", detected, "--parts", 2, *QUICK[:3]) == 0
    words = ("evaluate", detected, "--dataset", f"synthetic:{drawn}", "--sanity-images", 0)
    assert run(*words, "--device", "cpu") == 0
    assert "middle and spread" in capsys.readouterr().err
    written = record(detected)
    assert written["parts"]["images"] == 6
    regression = written["part_regression"]
    assert (regression["learnt"], regression["measured"]) == (6, 2)
    assert "Parts found without labels" in (detected / "evaluation/evaluation.html").read_text()

    found = read_run(detected)
    ids = found.images["image_id"].to_pylist()
    rows = found.keypoints.to_pylist()
    searched = read_searched(detected).to_pylist()
    for key, places in zip(ids, part_places(found, ids), strict=True):
        for part, place in enumerate(places):
            mine = [one for one in rows if (one["image_id"], one["part"]) == (key, part)]
            mine += [one for one in searched if (one["image_id"], one["part"]) == (key, part)]
            wanted = (mine[0]["x"], mine[0]["y"]) if mine else (math.nan, math.nan)
            assert tuple(place) == pytest.approx(wanted, nan_ok=True)


def test_a_photograph_that_is_lost_is_named_and_the_rest_is_done(
    detected: Path,
    drawn: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost = sorted((drawn / "images").iterdir())[1]
    lost.write_bytes(b"no image any more")
    words = ("evaluate", detected, "--dataset", f"synthetic:{drawn}", "--sanity-images", 0)
    assert run(*words, *QUICK) == 1
    assert lost.name in capsys.readouterr().err
    assert record(detected)["evaluation"]["images"] == 5


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"--sanity-images": "-1"}, "sanity_images is -1"),
        ({"--repeat-images": "-1"}, "repeat_images is -1"),
        ({"--dataset": "cubb:drawn"}, "'cub'"),
        ({"--dataset": "cub:drawn"}, "images.txt"),
        ({"--model": "embedded/squeezenet1_1"}, "has other weights"),
        ({"--model": "absent.safetensors"}, "cannot be loaded again"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_a_sentence(
    detected: Path,
    drawn: Path,
    changes: dict[str, str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(drawn.parent)
    options = {"--dataset": f"synthetic:{drawn}", "--sanity-images": "0"} | changes
    words = [word for pair in options.items() for word in pair]
    assert run("evaluate", detected, *QUICK, *words) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert says in said
    assert "Traceback" not in said
    assert not (detected / "evaluation").exists()


def test_a_file_in_the_way_is_named_before_the_work(
    detected: Path,
    drawn: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (detected / "evaluation").touch()
    words = ("evaluate", detected, "--dataset", f"synthetic:{drawn}", *QUICK)
    assert run(*words) == 2
    assert "cannot be written" in " ".join(capsys.readouterr().err.split())


def test_another_data_set_has_nothing_in_common(
    detected: Path,
    tmp_path: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_synthetic(tmp_path / "other", 4, seed=1)
    words = ("evaluate", detected, "--dataset", f"synthetic:{tmp_path / 'other'}", *QUICK)
    assert run(*words) == 2
    assert "none of the 9 images" in " ".join(capsys.readouterr().err.split())

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gnomon.classifier import Preprocessing
from gnomon.errors import ImageError, RunError
from gnomon.geometry import Affine
from gnomon.presets import Settings
from gnomon.runs import RunInfo, RunWriter, read_run
from gnomon.runs.tables import IMAGES, KEYPOINTS, image_id
from gnomon.runs.writer import IMAGES_A_PART
from gnomon.types import Detection, Heatmap, Image, Keypoints, Work


def info(**changes: object) -> RunInfo:
    known = RunInfo(
        classifier="drawn",
        weights_sha256="0" * 64,
        preprocessing=Preprocessing(size=(4, 6)),
        preset="default",
        settings=Settings(),
        device="cpu",
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def detection(n: int, seed: int = 0) -> Detection:
    random = np.random.default_rng(seed)
    image = Image(torch.zeros(3, 4, 6), "drawn", f"{seed:064x}", (60, 40), Affine.identity())
    points = Keypoints.at(random.uniform(0, 40, (n, 2)), -np.sort(random.random(n)), "file")
    points = replace(points, coarse=random.random(n), refined=np.arange(n) % 2 == 0)
    return Detection(
        image=image,
        label='a "bird"',
        label_index=3,
        probability=0.5,
        keypoints=points,
        n_candidates=2 * n,
        coarse=Heatmap(random.random((4, 6), np.float32), "coarse"),
        fine=Heatmap(random.random((4, 6), np.float32), "fine"),
        confidence=Heatmap(random.random((4, 6), np.float32), "confidence"),
        work=Work("none", 0, 0.0),
        seconds=0.1,
    )


def write(folder: Path, paths: list[str], *, resume: bool = False, die_after: int = 10**9) -> None:
    with RunWriter(folder, info(), resume=resume, save_heatmaps=False) as run:
        for number, path in enumerate(paths):
            if number == die_after:
                raise KeyboardInterrupt
            if not run.is_done(path):
                run.add(path, detection(number % 5, number))


def rows(folder: Path) -> str:
    run = read_run(folder)
    keypoints = run.keypoints.sort_by([("image_id", "ascending"), ("rank", "ascending")])
    return f"{run.images.sort_by('image_id').to_pylist()} {keypoints.to_pylist()}"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    names = ["a.jpg", "a b/ü\n\"'.jpg", "none.jpg"]
    found = [detection(3, 1), detection(2, 2), detection(0, 3)]
    with RunWriter(tmp_path / "run", info(), resume=False, save_heatmaps=True) as writer:
        for name, one in zip(names, found, strict=True):
            writer.add(name, one)
        writer.fail("bad\u2028.jpg", ImageError("it is empty"))
    run = read_run(tmp_path / "run")
    assert run.images["path"].to_pylist() == names
    assert run.images.schema == IMAGES
    assert run.keypoints.schema == KEYPOINTS
    for name, one in zip(names, found, strict=True):
        mine = run.keypoints.filter(
            [key == image_id(name) for key in run.keypoints["image_id"].to_pylist()]
        )
        np.testing.assert_array_equal(np.stack([mine["x"], mine["y"]], 1), one.keypoints.xy)
        assert mine["rank"].to_pylist() == list(range(1, len(one.keypoints) + 1))
    (failure,) = run.failures
    assert (failure.path, failure.error) == ("bad\u2028.jpg", "ImageError")
    assert (run.info.n_images, run.info.n_keypoints, run.info.n_failures) == (3, 5, 1)
    assert run.info.end is not None
    maps = np.load(tmp_path / "run" / "heatmaps" / f"{image_id('a.jpg')}.npz")
    np.testing.assert_array_equal(maps["fine"], found[0].fine.values)


@pytest.mark.parametrize("die_after", [0, 1, IMAGES_A_PART, IMAGES_A_PART + 1, 149])
def test_an_interrupted_run_resumes_to_the_same_rows(tmp_path: Path, die_after: int) -> None:
    paths = [f"{number}.jpg" for number in range(150)]
    write(tmp_path / "whole", paths)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "cut", paths, die_after=die_after)
    assert read_run(tmp_path / "cut").info.end is None
    write(tmp_path / "cut", paths, resume=True)
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    assert read_run(tmp_path / "cut").info.n_images == 150


def test_a_kill_between_the_two_tables_leaves_no_row_twice(tmp_path: Path) -> None:
    paths = [f"{number}.jpg" for number in range(100)]
    write(tmp_path / "run", paths)
    before = rows(tmp_path / "run")
    (tmp_path / "run" / "images" / "part-000001.parquet").unlink()
    known = read_run(tmp_path / "run")
    assert set(known.keypoints["image_id"].to_pylist()) <= set(known.images["image_id"].to_pylist())
    write(tmp_path / "run", paths, resume=True)
    assert rows(tmp_path / "run") == before


def test_another_choice_cannot_be_resumed(tmp_path: Path) -> None:
    write(tmp_path / "run", ["a.jpg"])
    changed = info(settings=Settings(keep=0.3))
    with pytest.raises(RunError, match=r"keep: 0\.4, 0\.3"):
        RunWriter(tmp_path / "run", changed, resume=True, save_heatmaps=False)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "run", ["a.jpg"])
    before = sorted((tmp_path / "run").rglob("*"))
    with pytest.raises(RunError, match="--resume"):
        RunWriter(tmp_path / "run", info(), resume=False, save_heatmaps=False)
    assert sorted((tmp_path / "run").rglob("*")) == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        RunWriter(tmp_path / "file", info(), resume=False, save_heatmaps=False)
    with pytest.raises(RunError, match="not empty"):
        RunWriter(tmp_path, info(), resume=True, save_heatmaps=False)


def test_what_is_no_run_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run\.json"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"not the run\.json"):
        read_run(tmp_path)
    info().write(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "part-000000.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(RunError, match="part-000000"):
        read_run(tmp_path)


def test_a_failure_line_cut_short_is_left_out(tmp_path: Path) -> None:
    info().write(tmp_path)
    line = json.dumps({"path": "a", "error": "ImageError", "message": "empty"})
    (tmp_path / "failures.jsonl").write_text(line + "\n" + line[:9])
    assert [failure.path for failure in read_run(tmp_path).failures] == ["a"]


def test_an_empty_run_has_both_tables(tmp_path: Path) -> None:
    write(tmp_path / "run", [])
    run = read_run(tmp_path / "run")
    assert (run.images.num_rows, run.keypoints.num_rows) == (0, 0)
    assert run.keypoints.schema == KEYPOINTS

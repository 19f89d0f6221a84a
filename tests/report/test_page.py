import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gnomon.figures import ellipses_95
from gnomon.report import known_landmarks, write_figures, write_report
from gnomon.report.index import image_index
from gnomon.report.paper_figures import FigureFormat
from gnomon.report.pictures import colored, data_uri
from gnomon.runs import read_run, rebuild_detector
from gnomon.runs.by_image import points_by_image
from gnomon.tables import KEYPOINTS


def read(page: Path, name: str) -> Any:
    """Read what a page holds for its script."""
    found = re.search(rf'id="{name}">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_has_every_keypoint_of_the_run(a_run: Path) -> None:
    run = read_run(a_run)
    points = [point for entry in read(write_report(run), "entries") for point in entry["points"]]
    for column, name in ((0, "rank"), (1, "x"), (2, "y"), (3, "score"), (4, "coarse")):
        written = [point[column] for point in points]
        np.testing.assert_allclose(written, run.keypoints[name].to_numpy(), rtol=1e-4)
    known = [point for point in points if point[6] is not None]
    assert len(known) == int(np.isfinite(run.keypoints["cov_xx"].to_numpy()).sum()) > 0


def test_every_page_knows_all_images(a_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gnomon.report.page.IMAGES_A_PAGE", 2)
    run = read_run(a_run)
    first = write_report(run)
    index = read(first.with_name("report-2.html"), "index")
    assert index == read(first, "index") | {"page": 1}
    assert index["pages"] == ["report.html", "report-2.html"]
    rows = run.images.to_pylist()
    assert [index["folder"] + path for path, *_ in index["images"]] == [r["path"] for r in rows]
    assert [index["labels"][number] for _, number, *_ in index["images"]] == [
        row["label"] for row in rows
    ]
    scores = run.keypoints["score"].to_numpy()
    assert (index["low"], index["high"]) == (scores.min(), scores.max())
    ids = run.keypoints["image_id"].to_numpy(zero_copy_only=False)
    for row, (*_, steps) in zip(rows, index["images"], strict=True):
        mine = scores[ids == row["image_id"]]
        for share in (1, 50, 99):
            least = index["low"] + (index["high"] - index["low"]) * share / 100
            assert sum(step >= share for step in steps) == (mine >= least).sum()


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        (["/a/b/c.jpg", "/a/b/d.jpg"], "/a/b/"),
        (["/a/b/c.jpg"], "/a/b/"),
        (["s3://x/a.jpg", "/a.jpg"], ""),
        (["C:\\a\\b.jpg", "C:\\a\\c\\d.jpg"], "C:\\a\\"),
        ([], ""),
    ],
)
def test_the_index_says_what_paths_share_once(paths: list[str], folder: str) -> None:
    rows = [{"image_id": path, "path": path, "label": "a", "probability": 1.0} for path in paths]
    index = image_index(rows, points_by_image(KEYPOINTS.empty_table()))
    assert index["folder"] == folder
    assert [folder + path for path, *_ in index["images"]] == paths


def test_scores_that_do_not_differ_or_are_not_known_are_never_left_out() -> None:
    rows = [{"image_id": "a", "path": "a", "label": "a", "probability": 1.0}]
    alike = image_index(rows, {"a": pa.table({"score": [-2.0, -2.0]})})
    assert alike["images"][0][3] == [100, 100]
    unknown = image_index(rows, {"a": pa.table({"score": [1.0, np.nan, 0.0]})})
    assert unknown["images"][0][3] == [100, 100, 0]


def test_under_30_megabytes_for_200_images(a_run: Path) -> None:
    size = write_report(read_run(a_run)).stat().st_size
    assert size / 3 * 200 < 30e6


def test_nothing_that_a_name_says_becomes_markup(a_run: Path) -> None:
    run = read_run(a_run)
    labels = ["</script><script>alert(1)</script>"] * 3
    images = run.images.set_column(
        run.images.column_names.index("label"), run.images.schema.field("label"), [labels]
    )
    text = write_report(replace(run, images=images)).read_text()
    assert "<script>alert" not in text


def test_a_run_without_maps_shows_the_figure_or_computes_them(a_run: Path) -> None:
    kept = write_report(read_run(a_run)).read_text()
    for file in (a_run / "heatmaps").iterdir():
        file.unlink()
    run = read_run(a_run)
    assert "--save-heatmaps" in write_report(run).read_text()
    write_figures(run, "png")
    assert "<summary>Maps</summary>" in write_report(run).read_text()
    again = write_report(run, detector=rebuild_detector(run.info, device="cpu")).read_text()
    scales = re.compile(r'<div class="scale"><span>(.*?)</span>.*?<span>(.*?)</span>')
    assert scales.findall(again) == scales.findall(kept)
    assert len(scales.findall(kept)) == 6


def test_images_that_are_gone_are_said(a_run: Path) -> None:
    run = read_run(a_run)
    gone = ["/nowhere/a.jpg", *run.images["path"].to_pylist()[1:]]
    images = run.images.set_column(1, run.images.schema.field("path"), [gone])
    lost = replace(run, images=images)
    assert "The photograph /nowhere/a.jpg is not here." in write_report(lost).read_text()
    assert len(write_figures(lost, "svg")) == 2


def test_an_empty_run_has_a_page(a_run: Path) -> None:
    run = read_run(a_run)
    nothing = replace(run, images=run.images.slice(0, 0), keypoints=run.keypoints.slice(0, 0))
    assert "0 keypoints in 0 images" in write_report(nothing).read_text()


@pytest.mark.parametrize(
    ("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89P")]
)
def test_figures_for_papers(a_run: Path, kind: FigureFormat, start: bytes) -> None:
    run = read_run(a_run)
    files = write_figures(run, kind)
    ids = run.images["image_id"].to_pylist()
    names = ("bison", "crab", "macaw")
    assert [file.stem for file in files] == [
        f"{name}-{one}" for name, one in zip(names, ids, strict=True)
    ]
    assert all(file.read_bytes().startswith(start) for file in files)
    again = files[0].read_bytes()
    assert write_figures(run, kind)[0].read_bytes() == again
    if kind == "svg":
        assert b"coarse: each point hidden" in again


def test_what_other_commands_left_is_shown(a_run: Path) -> None:
    salient = a_run / "salient"
    salient.mkdir()
    (salient / "salient.csv").write_text("class,landmark,part\nmacaw,7,<i>beak\n")
    cell = {"value": 0.5, "low": 0.4, "high": None}
    scores = {"budget": 15, "alpha": 0.1, **dict.fromkeys(("precision", "recall", "f1"), cell)}
    scores["error"] = {"value": None, "low": None, "high": None}
    record = {
        "headline": {"budget": 15, "alpha": 0.1},
        "dataset": "cub:nowhere",
        "evaluation": {"images": 3, "methods": [{"method": "gnomon", "scores": [scores]}]},
        "sanity": None,
    }
    (a_run / "evaluation").mkdir()
    (a_run / "evaluation" / "evaluation.json").write_text(json.dumps(record))
    run = read_run(a_run)
    parts = run.keypoints.set_column(
        run.keypoints.column_names.index("part"),
        run.keypoints.schema.field("part"),
        [np.arange(run.keypoints.num_rows, dtype=np.int32) % 3 - 1],
    )
    text = write_report(replace(run, keypoints=parts, part_names=("beak", "tail"))).read_text()
    assert "&lt;i&gt;beak" in text
    assert "<td>0.500</td>" in text
    assert "cub:nowhere" in text
    assert "<td>beak</td>" in text
    assert "<td>tail</td>" in text
    assert known_landmarks(run, None) == {}


def test_a_part_example_is_cut_about_its_keypoint(a_run: Path) -> None:
    from gnomon.report.part_examples import _patch

    rgb = np.zeros((50, 80, 3), np.uint8)
    rgb[30, 60] = 255
    for x, y in ((60.2, 29.8), (0.0, 0.0), (79.4, 49.4)):
        assert _patch(rgb, x, y).shape == (16, 16, 3)
    assert tuple(np.argwhere(_patch(rgb, 60, 30)[..., 0])[0]) == (8, 8)


def test_colors_run_from_low_to_high() -> None:
    values = np.tile(np.linspace(2, 5, 64, dtype=np.float32), (64, 1))
    picture = colored(values)
    assert 2 <= picture.low < 2.1
    assert 4.9 < picture.high <= 5
    assert data_uri(picture.webp).startswith("data:image/webp;base64,UklGR")
    flat = colored(np.ones((8, 8)))
    assert (flat.low, flat.high) == (1.0, 2.0)


def test_an_ellipse_holds_95_of_100_draws() -> None:
    random = np.random.default_rng(0)
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    (long, short), angle = ellipses_95(covariance[None])[0][0], ellipses_95(covariance[None])[1][0]
    draws = random.multivariate_normal([0, 0], covariance, 20_000)
    turn = np.radians(angle)
    along = draws @ [np.cos(turn), np.sin(turn)]
    across = draws @ [-np.sin(turn), np.cos(turn)]
    inside = (2 * along / long) ** 2 + (2 * across / short) ** 2 <= 1
    assert inside.mean() == pytest.approx(0.95, abs=0.01)
    assert long > short

"""The report of a run that was evaluated, counted and grouped by the real commands."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markup import PLANTED, watched

from gnomon.cli.evaluate import evaluate
from gnomon.cli.parts import parts
from gnomon.cli.salient import salient
from gnomon.report import known_landmarks, write_report
from gnomon.runs import Run, read_run

PLACES = {"head": (0.3, 0.3), "middle": (0.5, 0.5), "foot": (0.6, 0.8)}


@pytest.fixture(scope="module")
def finished(photographed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotate three points of each photograph, and run every command that leaves a section."""
    home = tmp_path_factory.mktemp("finished")
    run = Path(shutil.copytree(photographed, home / "run"))
    dataset = annotate(read_run(run), home / "points")
    evaluate(run, dataset=dataset, device="cpu", sanity_images=1, repeat_images=0, quiet=True)
    salient(run, dataset=dataset, alpha=0.2, quiet=True)
    parts(run, parts=3, device="cpu", quiet=True)
    return run


def annotate(run: Run, folder: Path) -> str:
    images, found = [], []
    folder.mkdir()
    for number, row in enumerate(run.images.to_pylist()):
        shutil.copy(row["path"], folder)
        width, height = row["width"], row["height"]
        name = Path(row["path"]).name
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        points = [[x * width, y * height, 2] for x, y in PLACES.values()]
        box = {"bbox": [0, 0, width, height], "area": width * height, "iscrowd": 0}
        flat = [value for point in points for value in point]
        one = {"id": number, "image_id": number, "category_id": 1, "keypoints": flat}
        found.append(one | box | {"num_keypoints": len(points)})
    category = {"id": 1, "name": "animal", "keypoints": list(PLACES), "skeleton": []}
    said = {"images": images, "annotations": found, "categories": [category]}
    (folder / "annotations.json").write_text(json.dumps(said))
    return f"coco:{folder}"


@pytest.fixture(scope="module")
def report(finished: Path) -> Path:
    run = read_run(finished)
    dataset = json.loads((finished / "evaluation" / "evaluation.json").read_text())["dataset"]
    return write_report(run, known_landmarks(run, dataset))


def table(page: Any, heading: str) -> list[list[str]]:
    """Read the rows of the table below a heading."""
    rows = page.locator(f"h2:has-text('{heading}') ~ .scroll table").first.locator("tbody tr")
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def test_the_evaluation_is_what_evaluate_measured(
    finished: Path, report: Path, open_page: Callable[..., Any]
) -> None:
    record = json.loads((finished / "evaluation" / "evaluation.json").read_text())
    page = open_page(report.as_uri())
    shown = {row[0]: row[1:] for row in table(page, "Measured")}
    assert list(shown) == [one["method"] for one in record["evaluation"]["methods"]]
    for method in record["evaluation"]["methods"]:
        (cell,) = (one for one in method["scores"] if (one["budget"], one["alpha"]) == (15, 0.1))
        for words, name in zip(
            shown[method["method"]], ("precision", "recall", "f1"), strict=False
        ):
            assert float(words.split()[0]) == pytest.approx(cell[name]["value"], abs=6e-4)
    assert page.locator("tr.own td").first.inner_text() == "gnomon"
    last = record["sanity"]["stages"][-1]
    assert f"{100 * last['survived']:.0f} % of the points survive" in page.inner_text("main")


def test_the_salient_landmarks_are_those_counted(
    finished: Path, report: Path, open_page: Callable[..., Any]
) -> None:
    with (finished / "salient" / "salient.csv").open() as file:
        counted = list(csv.reader(file))[1:]
    page = open_page(report.as_uri())
    assert table(page, "Salient landmarks") == counted
    assert {row[2] for row in counted} <= set(PLACES)
    captions = page.locator("figcaption").all_inner_texts()
    assert "How often each landmark is found, by class" in captions
    assert {"The salient landmarks of all classes", "The salient landmarks of animal"} <= {
        *captions
    }


def test_the_parts_are_those_found(
    finished: Path, report: Path, open_page: Callable[..., Any]
) -> None:
    pages = json.loads((finished / "parts" / "gallery" / "gallery.json").read_text())["parts"]
    found = {
        one["name"]: [str(one["keypoints"]), str(one["images"]), f"{one['probability_lost']:.1%}"]
        for one in pages
        if one["keypoints"]
    }
    page = open_page(report.as_uri())
    shown = {row[0]: [*row[1:3], row[3].replace(" ", "")] for row in table(page, "Parts")}
    assert shown == found
    assert page.locator(".parts .examples img").count() == sum(one["images"] for one in pages)


@pytest.mark.parametrize("name", ["evaluation/evaluation.html", "parts/gallery/index.html"])
def test_the_pages_beside_it_have_a_policy(
    finished: Path, open_page: Callable[..., Any], request: pytest.FixtureRequest, name: str
) -> None:
    request.node.expected_problems = ("Content Security Policy", "ERR_FILE_NOT_FOUND")
    page = watched(open_page((finished / name).as_uri()))
    assert page.evaluate("() => window.violations") == []
    pictures = page.locator("img")
    assert pictures.count() == 3
    assert all(pictures.evaluate_all("all => all.map(one => one.naturalWidth > 0)"))
    assert page.evaluate("() => getComputedStyle(document.body).maxWidth") != "none"
    planted = (finished / name).with_name("planted.html")
    planted.write_text((finished / name).read_text().replace("<h1>", f"{PLANTED}<h1>"))
    page.goto(planted.as_uri())
    assert page.evaluate("() => window.ran") is None
    kinds = {one.split()[0] for one in page.evaluate("() => window.violations")}
    assert {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr"} <= kinds
    planted.unlink()


@pytest.mark.parametrize("width", [1400, 400])
def test_every_picture_is_seen_and_nothing_is_too_wide(
    report: Path, open_page: Callable[..., Any], faults: Callable[[Any], list[str]], width: int
) -> None:
    page = open_page(report.as_uri(), width=width, dark=True, bypass_csp=True)
    pictures = page.locator("main img")
    page.wait_for_function(
        "() => [...document.querySelectorAll('main img')].every(one => one.complete)"
    )
    assert all(pictures.evaluate_all("all => all.map(one => one.naturalWidth > 0)"))
    assert page.locator(".pictures .wide img").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".crosses path.over").count() == 3
    assert page.locator("table.parts tbody tr").first.bounding_box()["height"] < 140
    assert faults(page) == []


def test_it_prints_with_its_settings_and_no_table_cut(
    report: Path, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page(report.as_uri(), width=720)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_by_text("coarse_smoothing").is_visible()
    assert not page.locator(".tools").is_visible()
    for one in page.locator(".scroll").all():
        inner, outer = one.evaluate("one => [one.scrollWidth, one.clientWidth]")
        assert inner <= outer

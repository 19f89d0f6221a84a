"""The report as a person opens it, in a real browser."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gnomon.report import write_report
from gnomon.runs import read_run
from gnomon.types import Landmarks


@pytest.fixture(scope="module")
def report(photographed: Path) -> Path:
    run = read_run(photographed)
    row = run.images.to_pylist()[0]
    known = Landmarks(
        xy=np.array([[100.0, 120.0], [300.0, 200.0], [1.0, 1.0]]),
        ids=np.arange(3),
        names=("eye", "horn", "tail"),
        visible=np.array([True, True, False]),
        scale=300,
    )
    return write_report(run, {row["path"]: known})


def cards(page: Any) -> list[str]:
    return [str(one) for one in page.locator(".card:visible h3").all_text_contents()]


def test_a_keypoint_tells_its_evidence_and_shows_it_in_every_map(
    report: Path, open_page: Callable[..., Any], photographed: Path
) -> None:
    page = open_page(report.as_uri())
    first = read_run(photographed).keypoints.to_pylist()[0]
    area = page.locator(".panel.points svg").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    width = read_run(photographed).images["width"][0].as_py()
    scale = box["width"] / width
    page.mouse.move(box["x"] + (first["x"] + 0.5) * scale, box["y"] + (first["y"] + 0.5) * scale)
    tip = page.locator("#tip")
    tip.wait_for(state="visible")
    told = tip.inner_text()
    assert "Keypoint 1 of" in told
    assert f"{first['score']:.3g}" in told
    assert f"{first['coarse']:.3g}" in told
    assert page.locator(".card").first.locator(".ring:not(.dark)").count() >= 4
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


def test_a_refined_keypoint_has_its_ellipse(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report.as_uri())
    area = page.locator(".panel.points svg").first
    area.focus()
    for _ in range(60):
        page.keyboard.press("ArrowRight")
        if "95 % ellipse" in page.locator("#tip").inner_text():
            break
    assert page.locator("ellipse.ring").count() > 0
    assert "95 % ellipse" in page.locator("#said").text_content()
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()


def test_sort_and_filter(report: Path, open_page: Callable[..., Any], photographed: Path) -> None:
    page = open_page(report.as_uri())
    images = read_run(photographed).images.to_pylist()
    assert cards(page) == [row["label"] for row in images]
    page.get_by_label("order").select_option("surest")
    surest = sorted(images, key=lambda row: -row["probability"])
    page.wait_for_function(
        f"() => document.querySelector('.card h3').textContent === '{surest[0]['label']}'"
    )
    assert cards(page) == [row["label"] for row in surest]
    page.locator("select[name=class]").select_option("macaw")
    page.locator(".tools output", has_text="1 of 3 images").wait_for()
    assert cards(page) == ["macaw"]
    page.get_by_role("button", name="Reset").click()
    page.locator(".tools output", has_text="3 of 3 images").wait_for()
    page.get_by_label("name or class").fill("bison.jpg")
    page.locator(".tools output", has_text="1 of 3 images").wait_for()
    page.get_by_label("name or class").fill("")
    shown = int(page.locator("[data-count]").first.text_content())
    page.get_by_label("score at least").fill("97")
    page.wait_for_function(
        f"() => Number(document.querySelector('[data-count]').textContent) < {shown}"
    )
    page.get_by_label("keypoints at least").fill("1000")
    page.locator(".tools output", has_text="0 of 3 images").wait_for()


def test_it_needs_nothing_but_itself(report: Path, open_page: Callable[..., Any]) -> None:
    text = report.read_text()
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.wait_for_load_state()
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("dark", [False, True])
def test_every_width_and_light_without_serious_fault(
    report: Path,
    open_page: Callable[..., Any],
    faults: Callable[[Any], list[str]],
    width: int,
    dark: bool,
) -> None:
    page = open_page(report.as_uri(), width=width, dark=dark, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert faults(page) == []


def test_annotations_have_another_shape(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report.as_uri())
    crosses = page.locator(".crosses path.over").first.get_attribute("d")
    assert crosses.count("M") == 4
    dots = page.locator(".dots.round path").first.get_attribute("d")
    assert "h0" in dots


def test_points_are_drawn_by_what_they_sit_on_and_whether_they_are_proved(
    report: Path, open_page: Callable[..., Any]
) -> None:
    run = read_run(report.parent)
    first = run.keypoints.slice(0, run.images["n_keypoints"][0].as_py())
    fitted = np.isin(first["kind"].to_pylist(), ["corner", "blob"])
    proved = np.array(first["proved"].to_pylist())
    page = open_page(report.as_uri())
    card = page.locator(".card").first

    def count(which: str) -> int:
        drawn = card.locator(f'.dots path[data-dots="{which}"]').get_attribute("d")
        return int((drawn or "").count("M"))

    assert count("round") == fitted.sum() > 0
    assert count("square") == (~fitted).sum()
    assert count("round open") == (fitted & ~proved).sum()
    assert count("square open") == (~fitted & ~proved).sum()
    assert "white core" in page.locator(".legend").inner_text()
    assert page.locator(".panel svg[aria-label='2 annotated points']").count() == 1


@pytest.fixture
def paged(a_run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("gnomon.report.page.IMAGES_A_PAGE", 2)
    earlier = '<meta name="generator" content="gnomon report, report-9.html">'
    (a_run / "report-9.html").write_text(f"<!doctype html><html><head>{earlier}</head></html>")
    return write_report(read_run(a_run))


def test_many_images_are_paged(paged: Path, open_page: Callable[..., Any]) -> None:
    files = sorted(path.name for path in paged.parent.glob("*.html"))
    assert files == ["report-2.html", "report.html"]
    page = open_page(paged.as_uri())
    assert len(cards(page)) == 2
    assert page.locator(".tools output").inner_text() == "images 1 to 2 of 3"
    page.get_by_role("link", name="2").first.click()
    page.locator("text=Images 3 to 3 of 3").first.wait_for()
    assert len(cards(page)) == 1
    page.wait_for_timeout(400)
    assert "#" not in page.url


def hits(page: Any) -> list[str]:
    """Read the names in the list, whether a card or a line that leads to another page."""
    found = page.locator("#cards > :visible").evaluate_all(
        "all => all.map(one => one.querySelector("
        "one.matches('.card') ? 'header > :last-child' : ':nth-child(4)').textContent)"
    )
    return [str(name) for name in found]


def test_sorting_and_filtering_act_on_all_pages(
    paged: Path, open_page: Callable[..., Any], faults: Callable[[Any], list[str]]
) -> None:
    images = read_run(paged.parent).images.to_pylist()
    page = open_page(paged.as_uri(), bypass_csp=True)
    page.get_by_label("order").select_option("surest")
    page.locator(".tools output", has_text="3 of 3 images").wait_for()
    surest = sorted(images, key=lambda row: -row["probability"])
    assert hits(page) == [Path(row["path"]).name for row in surest]
    assert faults(page) == []
    page.locator("select[name=class]").select_option(images[2]["label"])
    page.locator(".tools output", has_text="1 of 3 images").wait_for()
    assert cards(page) == []
    line = page.locator(".elsewhere")
    assert f"{images[2]['n_keypoints']} keypoints" in line.inner_text()
    line.click()
    page.wait_for_url("**/report-2.html#*")
    assert cards(page) == [images[2]["label"]]
    assert images[2]["label"] in page.evaluate("document.activeElement.innerText")
    assert page.get_by_label("order").input_value() == "surest"
    page.get_by_role("link", name="1").first.click()
    page.wait_for_url("**/report.html#*")
    page.locator(".tools output", has_text="1 of 3 images").wait_for()
    page.get_by_role("button", name="Reset").click()
    page.locator(".tools output", has_text="images 1 to 2 of 3").wait_for()
    assert hits(page) == [Path(row["path"]).name for row in images[:2]]
    page.get_by_label("name or class").fill("jpg")
    page.get_by_label("score at least").fill("60")
    page.locator("#score-now:not(:text('any'))").wait_for()
    page.locator(".elsewhere").wait_for()
    counted = int(page.locator(".elsewhere span").nth(2).inner_text().split()[0])
    page.locator(".elsewhere").click()
    page.wait_for_url("**/report-2.html#*")
    there = page.locator(".card:visible [data-count]")
    assert int(there.inner_text()) == counted < images[2]["n_keypoints"]


def test_two_thousand_images_stay_usable(a_run: Path, open_page: Callable[..., Any]) -> None:
    """Images whose files are gone, so that the report is written soon."""
    run = read_run(a_run)
    row = run.images.to_pylist()[0]
    many = [row | {"image_id": f"{n:016x}", "path": f"/gone/{n:04}.jpg"} for n in range(2000)]
    page = open_page(
        write_report(replace(run, images=pa.Table.from_pylist(many, run.images.schema))).as_uri()
    )
    page.get_by_label("name or class").fill("jpg")
    page.locator(".tools output", has_text="2000 of 2000 images").wait_for()
    assert page.locator("#cards > :visible").count() == 300
    page.get_by_role("button", name="Show more").click()
    page.wait_for_function("() => document.querySelectorAll('.elsewhere').length === 400")
    page.get_by_label("name or class").fill("1999")
    page.locator(".tools output", has_text="1 of 2000 images").wait_for()
    assert page.locator("#more").is_hidden()
    page.locator(".elsewhere", has_text="page 10").click()
    page.wait_for_url("**/report-10.html#*")
    assert len(cards(page)) == 1

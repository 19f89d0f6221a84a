"""The page to explore, used as a person does, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnomon import Detector
from gnomon.runs import read_run, rebuild_detector

SAMPLES = Path(__file__).parents[2] / "samples"
OpenPage = Callable[..., Any]


def example(page: Any, name: str = "macaw") -> None:
    page.get_by_role("button", name=name).click()
    wait_for_points(page)


def wait_for_points(page: Any) -> None:
    page.locator(".point").first.wait_for(timeout=90_000)
    page.locator(".progress:visible").wait_for(state="detached", timeout=90_000)


def headline(page: Any, side: int = 0) -> str:
    return str(page.locator(".headline").nth(side).inner_text())


def counted(page: Any) -> int:
    return int(page.locator(".side").first.locator(".point").count())


@pytest.fixture(scope="module")
def detector(photographed: Path) -> Detector:
    return rebuild_detector(read_run(photographed).info, device="cpu")


def test_an_example_shows_what_the_detector_finds(
    explored: str, open_page: OpenPage, detector: Detector
) -> None:
    page = open_page(explored)
    example(page)
    found = detector(SAMPLES / "macaw.jpg")
    assert headline(page) == f"{found.label}, {found.probability:.1%}"
    assert counted(page) == len(found.keypoints)
    assert page.locator(".map image").count() == 3
    assert (
        f"{len(found.keypoints)} keypoints of {found.n_candidates}"
        in page.locator(".side .quiet").first.inner_text()
    )


def test_a_photograph_is_sent_and_dropped_and_progress_is_shown(
    explored: str, open_page: OpenPage, tmp_path: Path, shared: Path
) -> None:
    bird = next((shared / "cub10" / "images").rglob("*.jpg"))
    page = open_page(explored)
    page.locator(".side select").first.select_option("embedded/efficientnet-lite0")
    page.get_by_label("what is hidden").select_option("map")
    page.locator(".drop input").set_input_files(bird)
    left = page.locator(".progress span", has_text=re.compile(r"of \d+ windows, about \d+ s left"))
    left.wait_for(timeout=90_000)
    wait_for_points(page)
    assert counted(page) > 0
    address = page.locator(".stage image").first.get_attribute("href")
    page.evaluate(
        """async () => {
            const file = await (await fetch('/example/2')).blob();
            const sent = new DataTransfer();
            sent.items.add(new File([file], 'dropped.webp', {type: 'image/webp'}));
            document.querySelector('.drop').dispatchEvent(
                new DragEvent('drop', {dataTransfer: sent, bubbles: true, cancelable: true}));
        }"""
    )
    page.wait_for_function(
        f"() => document.querySelector('.stage image').getAttribute('href') !== '{address}'",
        timeout=90_000,
    )
    assert "cat" in headline(page)


def test_sliders_act_at_once_and_without_the_network(
    explored: str, open_page: OpenPage, detector: Detector
) -> None:
    page = open_page(explored)
    example(page)
    page.get_by_label("what is hidden").select_option("map")
    wait_for_points(page)
    before = counted(page)
    page.get_by_label("keep").fill("1")
    page.wait_for_function(f"() => document.querySelectorAll('.point').length > {before}")
    found = detector(SAMPLES / "macaw.jpg")
    assert counted(page) == found.n_candidates
    page.get_by_label("suppression radius").fill("30")
    page.wait_for_function(
        f"() => document.querySelectorAll('.point').length < {found.n_candidates}"
    )
    image = page.locator(".map.confidence image").first
    for label in ("weight of coarse", "weight of fine", "smoothing of coarse", "smoothing of fine"):
        shown = image.get_attribute("href")
        slider = page.get_by_label(label)
        slider.focus()
        slider.press("ArrowRight")
        page.wait_for_function(
            "was => document.querySelector('.map.confidence image').getAttribute('href') !== was",
            arg=shown,
        )
    assert page.locator(".progress:visible").count() == 0


def test_a_click_covers_the_window_and_tells_how_the_classes_moved(
    explored: str, open_page: OpenPage
) -> None:
    page = open_page(explored)
    example(page)
    box = page.locator(".side .stage svg").first.bounding_box()
    page.mouse.click(box["x"] + 0.28 * box["width"], box["y"] + 0.28 * box["height"])
    page.locator(".covered table").wait_for()
    first = page.locator(".covered tr").nth(1).locator("td").all_inner_texts()
    before, after = (float(text.rstrip("%")) for text in first[1:3])
    moved = float(first[3].split()[0])
    assert first[0] == "macaw"
    assert f"{before:.1f}%" in headline(page)
    assert moved == pytest.approx(after - before, abs=0.15)
    assert moved < -1
    assert page.locator(".covered img").get_attribute("src").startswith("data:image/webp")
    assert page.locator(".window.over").count() == 4
    texts = page.locator(".covered tr td:nth-child(3)").all_inner_texts()
    page.mouse.click(box["x"] + 0.95 * box["width"], box["y"] + 0.05 * box["height"])
    page.wait_for_function(
        "was => [...document.querySelectorAll('.covered tr td:nth-child(3)')]"
        ".map(cell => cell.innerText).join() !== was.join()",
        arg=texts,
    )


def test_why_not_another_class(explored: str, open_page: OpenPage, detector: Detector) -> None:
    page = open_page(explored)
    example(page)
    target = page.locator(".side select").nth(1)
    other = target.locator("optgroup[label=likeliest] option").nth(1)
    index = int(other.get_attribute("value"))
    coarse = page.locator(".map.coarse image").first.get_attribute("href")
    target.select_option(str(index))
    page.wait_for_function(
        "was => document.querySelector('.map.coarse image').getAttribute('href') !== was",
        arg=coarse,
    )
    wait_for_points(page)
    found = detector.detect(detector.load(SAMPLES / "macaw.jpg"), label_index=index)
    assert headline(page) == f"{found.label}, {found.probability:.1%}"
    assert counted(page) == len(found.keypoints)


def test_two_classifiers_side_by_side_and_a_preset(explored: str, open_page: OpenPage) -> None:
    page = open_page(explored)
    example(page, "bison")
    page.get_by_label("compare with").select_option("embedded/efficientnet-lite0")
    page.locator(".side").nth(1).locator(".point").first.wait_for(timeout=90_000)
    assert "bison" in headline(page, 0)
    assert "bison" in headline(page, 1)
    assert headline(page, 0) != headline(page, 1)
    page.get_by_label("preset").select_option("paper")
    page.get_by_label("keep").and_(page.locator("[aria-valuetext='0.4']")).wait_for()
    assert page.get_by_label("smoothing of coarse").input_value() == "0"
    note = page.locator(".settings .note")
    assert "“paper” is defined on torchvision/vgg19" in note.inner_text()
    assert "embedded/squeezenet1_1 and embedded/efficientnet-lite0" in note.inner_text()
    assert "--model torchvision/vgg19" in note.inner_text()
    progress = page.locator(".side").nth(1).locator(".progress:visible")
    progress.wait_for(timeout=90_000)
    progress.wait_for(state="detached", timeout=90_000)
    page.locator(".side").nth(1).locator(".stage svg").first.click()
    page.locator(".side").nth(1).locator(".covered table").wait_for()
    page.locator(".side").first.locator(".covered table").wait_for()
    page.get_by_label("compare with").select_option("none")
    page.locator(".side").nth(1).wait_for(state="detached")


def test_a_preset_brings_its_classifier_where_that_is_offered(
    explored: str, open_page: OpenPage
) -> None:
    page = open_page(explored)
    model = page.locator(".side select").first
    run_classifier = model.input_value()
    note = page.locator(".settings .note")
    assert note.inner_text() == ""
    model.select_option("embedded/efficientnet-lite0")
    page.get_by_label("preset").select_option("default")
    example(page, "cat")
    assert note.inner_text() == ""
    page.get_by_label("preset").select_option("the run's")
    page.wait_for_function(
        "was => document.querySelector('.side select').value === was", arg=run_classifier
    )
    wait_for_points(page)
    assert note.inner_text() == ""
    model.select_option("embedded/efficientnet-lite0")
    note.filter(has_text=f"defined on {run_classifier}. Here its settings act on").wait_for()


def test_what_is_no_image_gets_a_sentence(
    explored: str, open_page: OpenPage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.node.expected_problems = ("status of 422", "status of 413")
    page = open_page(explored)
    said = page.locator(".said")
    (tmp_path / "words.jpg").write_text("no image at all")
    page.locator(".drop input").set_input_files(tmp_path / "words.jpg")
    said.filter(has_text="words.jpg: not an image").wait_for()
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(33 * 2**20)
    page.locator(".drop input").set_input_files(tmp_path / "large.png")
    said.filter(has_text="large.png: too large").wait_for()
    page.evaluate(
        """() => {
            const sent = new DataTransfer();
            sent.items.add(new File(['x'], '../../etc/passwd.png', {type: 'image/png'}));
            const input = document.querySelector('.drop input');
            input.files = sent.files;
            input.dispatchEvent(new Event('change'));
        }"""
    )
    said.filter(has_text="is no file's name").wait_for()
    (tmp_path / "evil<img src=x onerror=alert(1)>.jpg").write_text("no")
    page.locator(".drop input").set_input_files(tmp_path / "evil<img src=x onerror=alert(1)>.jpg")
    said.filter(has_text="evil<img").wait_for()
    example(page)


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("dark", [False, True])
def test_every_width_and_light_without_serious_fault(
    explored: str,
    open_page: OpenPage,
    faults: Callable[[Any], list[str]],
    width: int,
    dark: bool,
) -> None:
    page = open_page(explored, width=width, dark=dark, bypass_csp=True)
    page.get_by_role("button", name="crab").wait_for()
    assert faults(page) == []
    example(page, "crab")
    page.locator(".side .stage svg").first.click()
    page.locator(".covered table").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []

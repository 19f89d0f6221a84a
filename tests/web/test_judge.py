"""Judging a run, by keyboard and mouse, in a real browser."""

import csv
import hashlib
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnomon.runs import read_review, read_run
from gnomon.tables import KEYPOINTS

OpenPage = Callable[..., Any]


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "review.jsonl"
    }


def reviewed(run: Path, number: int = 0) -> list[dict[str, Any]]:
    written = read_run(run)
    image_id = written.images["image_id"][number].as_py()
    rows = [row for row in written.keypoints.to_pylist() if row["image_id"] == image_id]
    table = KEYPOINTS.empty_table().from_pylist(rows, schema=KEYPOINTS)
    found: list[dict[str, Any]] = read_review(run).apply(image_id, table).to_pylist()
    return found


def opened(page: Any) -> Any:
    page.locator(".point").first.wait_for()
    page.locator(".headline", has_text="Keypoint 1,").wait_for()
    return page


def at_point(page: Any, row: dict[str, Any], width: int) -> tuple[float, float]:
    box = page.locator(".stage svg").bounding_box()
    scale = box["width"] / width
    return box["x"] + (row["x"] + 0.5) * scale, box["y"] + (row["y"] + 0.5) * scale


def test_by_keyboard_alone_and_the_run_stays_as_it_was(
    a_run: Path, serve: Callable[..., Any], open_page: OpenPage
) -> None:
    before = digest(a_run)
    served = serve(a_run)
    page = opened(open_page(f"{served.url}/run"))
    page.keyboard.press("a")
    page.locator(".headline", has_text="Keypoint 2,").wait_for()
    page.keyboard.press("x")
    page.locator(".headline", has_text="Keypoint 3,").wait_for()
    page.keyboard.press("n")
    page.keyboard.type("beak")
    page.keyboard.press("Enter")
    page.locator(".facts dd", has_text="beak").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(".headline", has_text="Keypoint 4,").wait_for()
    page.keyboard.press("Shift+ArrowLeft")
    page.locator(".headline", has_text="Keypoint 4, accepted").wait_for()
    page.keyboard.press("p")
    page.locator(".point.added").wait_for()
    page.keyboard.press("Shift+ArrowDown")
    page.locator(".facts dd", has_text="added").wait_for()
    rows = reviewed(a_run)
    first, second, third, fourth, last = *rows[:4], rows[-1]
    original = read_run(a_run).keypoints.to_pylist()
    assert (first["verdict"], second["verdict"], third["name"]) == ("accepted", "rejected", "beak")
    assert fourth["origin"] == "moved"
    assert fourth["x"] == pytest.approx(original[3]["x"] - 1, abs=0.01)
    image = read_run(a_run).images.to_pylist()[0]
    assert last["origin"] == "added"
    assert last["y"] == pytest.approx((image["height"] - 1) / 2 + 1)
    page.keyboard.press("Shift+x")
    page.wait_for_function("() => document.querySelectorAll('.point.unseen').length === 0")
    page.locator(".list [aria-current] .judged", has_text=f"{len(rows)}/{len(rows)}").wait_for()
    page.keyboard.press("Control+z")
    page.locator(".said", has_text="undone: rejected").wait_for()
    assert sum(row["verdict"] == "rejected" for row in reviewed(a_run)) == 1
    page.reload()
    page.locator(".point.added").wait_for()
    assert page.locator(".point.rejected").count() == 1
    assert digest(a_run) == before


def test_by_mouse(a_run: Path, serve: Callable[..., Any], open_page: OpenPage) -> None:
    served = serve(a_run)
    page = opened(open_page(f"{served.url}/run"))
    width = read_run(a_run).images["width"][0].as_py()
    row = read_run(a_run).keypoints.to_pylist()[0]
    x, y = at_point(page, row, width)
    page.mouse.move(x, y)
    page.locator(".tip", has_text="Keypoint 1").wait_for()
    page.mouse.down()
    page.mouse.move(x + 30, y + 20, steps=4)
    page.mouse.up()
    page.locator(".facts dd", has_text="moved").wait_for()
    scale = page.locator(".stage svg").bounding_box()["width"] / width
    moved = reviewed(a_run)[0]
    assert moved["x"] == pytest.approx(row["x"] + 30 / scale, abs=1)
    assert moved["y"] == pytest.approx(row["y"] + 20 / scale, abs=1)
    box = page.locator(".stage svg").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.click(box["x"] + 40, box["y"] + 60)
    page.keyboard.up("Shift")
    page.locator(".point.added").wait_for()
    page.get_by_role("button", name="Reject", exact=True).click()
    page.locator(".point.rejected").wait_for()
    page.get_by_role("button", name="Accept the rest").click()
    page.wait_for_function("() => document.querySelectorAll('.point.unseen').length === 0")
    for _ in range(4):
        page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelectorAll('.point:not(.unseen)').length === 0")
    page.get_by_role("button", name="Undo").click()
    page.locator(".said", has_text="nothing to undo").wait_for()
    assert [one["verdict"] for one in reviewed(a_run)] == ["unseen"] * len(reviewed(a_run))


def test_leafing_searching_and_maps(
    a_run: Path, serve: Callable[..., Any], open_page: OpenPage
) -> None:
    served = serve(a_run)
    page = opened(open_page(f"{served.url}/run"))
    labels = read_run(a_run).images["label"].to_pylist()
    assert page.locator(".list b").all_inner_texts() == labels
    page.keyboard.press("]")
    page.locator("h1", has_text=labels[1]).wait_for()
    page.keyboard.press("m")
    page.locator(".stage image").nth(1).wait_for()
    page.get_by_label("search").fill("macaw")
    page.wait_for_function("() => document.querySelectorAll('.list button').length === 1")
    page.locator(".list button").click()
    page.locator("h1", has_text="macaw").wait_for()
    page.keyboard.press("a")
    page.locator(".point.accepted").wait_for()
    page.get_by_label("search").fill("")
    page.get_by_label("show").select_option("begun")
    page.wait_for_function("() => document.querySelectorAll('.list button').length === 1")
    page.get_by_role("link", name="Explore").last.click()
    page.locator(".side .headline", has_text="macaw").wait_for(timeout=90_000)


def test_a_killed_page_loses_nothing(
    a_run: Path,
    serve: Callable[..., Any],
    open_page: OpenPage,
    request: pytest.FixtureRequest,
) -> None:
    request.node.expected_problems = ("ERR_CONNECTION", "WebSocket")
    served = serve(a_run)
    page = opened(open_page(f"{served.url}/run"))
    for number in range(2, 6):
        page.keyboard.press("a")
        page.locator(".headline", has_text=f"Keypoint {number},").wait_for()
    served.process.kill()
    served.process.wait()
    with (a_run / "review.jsonl").open("ab") as file:
        file.write(b'{"kind": "accepted", "ima')
    again = serve(a_run)
    page.goto(f"{again.url}/run")
    page.wait_for_function("() => document.querySelectorAll('.point.accepted').length === 4")
    page.keyboard.press("a")
    page.wait_for_function("() => document.querySelectorAll('.point.accepted').length === 5")
    assert len(read_review(a_run).events) == 5


def test_two_reviewers_at_once_lose_nothing(
    a_run: Path, serve: Callable[..., Any], open_page: OpenPage
) -> None:
    """Two tabs of one server and a third of another, all on one image."""
    one, other = serve(a_run), serve(a_run)
    first = opened(open_page(f"{one.url}/run"))
    second = opened(open_page(f"{one.url}/run"))
    third = opened(open_page(f"{other.url}/run"))
    pages = (first, second, third)
    for page in pages:  # each on a point of its own, and a new one, before the others are shown
        page.keyboard.press("p")
    for page in pages:
        page.wait_for_function("() => document.querySelectorAll('.point.added').length === 3")
    ranks = [event.points[0] for event in read_review(a_run).events]
    assert len(set(ranks)) == 3
    for number, page in enumerate(pages):
        for _ in range(number):
            page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
    before = len(read_review(a_run).events)
    for _ in range(4):
        for page in pages:
            page.keyboard.press("a")
    deadline = time.monotonic() + 60
    while len(events := read_review(a_run).events) < before + 12 and time.monotonic() < deadline:
        first.wait_for_timeout(100)
    assert len(events) == before + 12
    shown = sum(row["verdict"] == "accepted" for row in reviewed(a_run))
    for page in pages:
        page.wait_for_function(
            "of => document.querySelectorAll('.point.accepted, .point.added').length === of",
            arg=shown,
        )
    first.keyboard.press("z")
    first.locator(".said", has_text="undone").wait_for()
    assert len(read_review(a_run).events) == before + 13


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("dark", [False, True])
def test_every_width_and_light_without_serious_fault(
    explored: str,
    open_page: OpenPage,
    faults: Callable[[Any], list[str]],
    width: int,
    dark: bool,
) -> None:
    page = opened(open_page(f"{explored}/run", width=width, dark=dark, bypass_csp=True))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []


def test_what_was_accepted_is_exported(
    a_run: Path, serve: Callable[..., Any], open_page: OpenPage
) -> None:
    served = serve(a_run)
    page = opened(open_page(f"{served.url}/run"))
    page.keyboard.press("a")
    page.locator(".headline", has_text="Keypoint 2,").wait_for()
    page.keyboard.press("x")
    page.locator(".headline", has_text="Keypoint 3,").wait_for()
    page.get_by_label("export what was accepted as").select_option("csv")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
    with zipfile.ZipFile(waiting.value.path()) as packed:
        text = packed.read("keypoints.csv").decode()
    (row,) = csv.DictReader(text.splitlines())
    first = read_run(a_run).keypoints.to_pylist()[0]
    assert float(row["x"]) == pytest.approx(first["x"])
    page.locator(".said", has_text="exported: run-csv.zip").wait_for()

"""What the pages that gnomon writes forbid a browser, tried in a real one, from a file."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markup import NAMES, PLANTED, hostile, watched

from gnomon.page_policy import page_policy
from gnomon.report import write_report
from gnomon.runs import read_run
from gnomon.types import Landmarks

OpenPage = Callable[..., Any]


@pytest.fixture(scope="module")
def report(photographed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of a run in whose every name there is markup."""
    home = tmp_path_factory.mktemp("named")
    run = hostile(read_run(Path(shutil.copytree(photographed, home / "run"))))
    there = home / f"{NAMES[0]}.jpg"
    first, *_ = read_run(photographed).images["path"].to_pylist()
    shutil.copy(first, there)
    paths = [str(there), *run.images["path"].to_pylist()[1:]]
    known = Landmarks(
        xy=np.array([[100.0, 120.0], [300.0, 200.0]]),
        ids=np.arange(2),
        names=NAMES[:2],
        visible=np.array([True, True]),
        scale=300,
    )
    place = run.images.column_names.index("path")
    named = replace(run, images=run.images.set_column(place, "path", [paths]))
    return write_report(named, {paths[0]: known})


def test_names_of_markup_are_text(report: Path, open_page: OpenPage) -> None:
    page = watched(open_page(report.as_uri()))
    assert page.locator(".card h3").all_inner_texts() == list(NAMES[:3])
    assert f"{NAMES[0]}.jpg" in page.locator(".card header").first.inner_text()
    for name in NAMES[1:3]:
        page.locator(".missing", has_text=f"{name}.jpg").wait_for()
    page.locator("select[name=class]").select_option(NAMES[0])
    page.locator(".tools output", has_text="1 of 3 images").wait_for()
    page.locator(".panel.points svg").first.focus()
    points = read_run(report.parent).images["n_keypoints"][0].as_py()
    for name in NAMES[:points]:
        page.keyboard.press("ArrowRight")
        assert name in page.locator("#tip").inner_text()
    assert page.evaluate("() => [window.ran, window.violations]") == [None, []]


def test_its_policy_lets_only_its_own_script_and_style_in(report: Path) -> None:
    text = report.read_text()
    (found,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert unescape(found) == page_policy(style, script)
    assert "unsafe" not in found
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert not re.search(r'\s(on\w+|style)="', text)


def test_what_is_planted_in_it_does_not_run(
    report: Path, open_page: OpenPage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.node.expected_problems = ("Content Security Policy",)
    planted = tmp_path / "report.html"
    planted.write_text(report.read_text().replace("<h2 id=", f"{PLANTED}<h2 id="))
    page = open_page("about:blank")
    asked: set[str] = set()
    refused: set[str] = set()
    page.on("request", lambda one: asked.add(one.url))
    page.on("requestfailed", lambda one: refused.add(one.url) if one.failure == "csp" else None)
    page.goto(planted.as_uri())
    watched(page)
    page.locator(".card").first.wait_for()
    assert page.evaluate("() => window.ran") is None
    assert page.locator("#red").evaluate("one => getComputedStyle(one).color") != "rgb(255, 0, 0)"
    assert page.locator("#red").is_visible()
    assert {url for url in asked if "gnomon.example" in url} <= refused
    kinds = {one.split()[0] for one in page.evaluate("() => window.violations")}
    assert {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr"} <= kinds
    assert {"img-src", "frame-src", "object-src", "base-uri"} <= kinds

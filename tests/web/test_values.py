"""Values that no control sends are not acted on."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnomon.web.browser_values import field, line, number

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    "x" * 1000,
    "a\x00b\x1b[31m",
    [],
    [1, 2],
    {},
    {"rank": -1, "x": 1},
    {"rank": "1", "y": 1},
    {"rank": [1]},
    {"rank": 1, "x": "1", "y": 1},
    {"rank": 1, "x": -5, "y": 10**9},
    {"rank": 1, "x": None, "y": {}},
    {"x": 1},
    {"token": 5, "why": 5},
    {"token": "../../etc/passwd", "why": "\x1b[31m"},
)
SEND = """values => {
    let sent = 0;
    const elements = Object.entries(mounted_app.elements).filter(([id]) => id !== "0");
    for (const [id, element] of elements)
        for (const event of element.events.filter(event => event.type !== "click"))
            for (const value of values) {
                const args = value === "none" ? [] : [value];
                window.socket.emit("event", { id: Number(id), client_id: window.clientId,
                    listener_id: event.listener_id, args });
                sent += 1;
            }
    return sent;
}"""


def test_values_that_no_control_sends_change_nothing(
    a_run: Path, serve: Callable[..., Any], open_page: Callable[..., Any]
) -> None:
    served = serve(a_run)
    values = [*map(json.dumps, VALUES), "none", None]
    page = open_page(f"{served.url}/run")
    page.locator(".headline", has_text="Keypoint 1,").wait_for()
    assert page.evaluate(SEND, values) > 100
    page.keyboard.press("ArrowRight")
    page.locator(".headline", has_text="Keypoint 2,").wait_for()
    assert page.locator(".list button").count() == 3
    page.goto(served.url)
    page.get_by_role("button", name="macaw").wait_for()
    assert page.evaluate(SEND, values) > 100
    page.locator(".said", has_text="not kept any more").wait_for()  # of the unknown token
    page.get_by_label("keep").press("ArrowLeft")
    page.wait_for_timeout(300)
    assert not (a_run / "review.jsonl").exists()
    assert "Traceback" not in served.said


@pytest.mark.parametrize("value", [None, True, "1", [1], math.nan, math.inf, -0.1, 1.1, 10**400])
def test_only_numbers_within_are_numbers(value: Any) -> None:
    assert number(value, 0, 1) is None


def test_what_is_sound_is_read() -> None:
    assert number(1, 0, 1) == 1.0
    assert line("Schnäbel 🦜 <b>") == "Schnäbel 🦜 <b>"
    assert line("a\nb") is None
    assert line("a\x85b") is None
    assert field({"x": 1}, "x") == 1
    assert field([1], "x") is None

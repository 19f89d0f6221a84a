"""What the signs on the judge page mean, and which keys it knows beside those on its buttons."""

from typing import Any

from nicegui import ui

from gnomon.web.controls import words

HELP = (
    ("← →", "keypoint before, next"),
    ("⇧ arrows", "move it by a pixel"),
    ("drag", "move it"),
    ("⇧ click", "add a keypoint"),
    ("[ ]", "image before, next"),
    ("+ -", "zoom; also the wheel"),
    ("m", "next map"),
)
GREEN = "#00843d"
DISC = {"cx": 5, "cy": 5, "r": 4, "fill": "var(--point)"}
LEGEND: tuple[tuple[str, tuple[tuple[str, dict[str, Any]], ...]], ...] = (
    ("not judged", (("circle", DISC),)),
    (
        "not judged, no corner there",
        (("circle", DISC), ("circle", {"cx": 5, "cy": 5, "r": 1.6, "fill": "#fff"})),
    ),
    (
        "accepted",
        (
            ("circle", {"cx": 5, "cy": 5, "r": 5, "fill": GREEN}),
            (
                "path",
                {
                    "d": "M2.6 5.2l1.8 1.9 3-3.8",
                    "fill": "none",
                    "stroke": "#fff",
                    "stroke-width": 1.5,
                },
            ),
        ),
    ),
    (
        "rejected",
        (("path", {"d": "M1 1l8 8M9 1l-8 8", "stroke": "currentColor", "stroke-width": 2}),),
    ),
    ("added", (("path", {"d": "M5-1l6 6-6 6-6-6z", "fill": GREEN}),)),
)


def draw_legend() -> None:
    """Draw the points' shapes with what they mean."""
    with ui.element("p").classes("legend"):
        for meaning, shapes in LEGEND:
            with ui.element("span"):
                with ui.element("svg").props('viewBox="0 0 10 10" aria-hidden=true'):
                    for tag, attributes in shapes:
                        ui.element(tag).props.update(attributes)
                words("span", meaning)


def draw_keys() -> None:
    """Draw the keys with what they do."""
    with ui.element("div").classes("keys"):
        for key, meaning in HELP:
            with ui.element("span"):
                words("kbd", key)
            words("span", meaning)

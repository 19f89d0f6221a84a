"""A class, a part or a file may be called anything; a figure draws the name as it is written."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
import pytest
from drawn import found_points
from hostile import HOSTILE_VALUES
from matplotlib.figure import Figure
from matplotlib.text import Text

from gnomon.figures import LONGEST_NAME, Panel, draw, drawable, png
from gnomon.geometry import Affine
from gnomon.training.outcome import Confusion

NAMES = [
    *(value for value in HOSTILE_VALUES.values() if isinstance(value, str)),
    "a $x$ b",
    "5 $ and 6 $",
    "\\input{/etc/hostname}",
    "$" * 99,
    "^_{",
]


def texts(figure: Figure, found: str) -> list[Text]:
    return [one for one in figure.findobj(Text) if found and found in one.get_text()]


def as_written(figure: Figure, name: str) -> bool:
    """Return whether no text with the name in it is mathtext or LaTeX, and there is one."""
    shown = texts(figure, drawable(name)[:25])
    return bool(shown) and not any(one.get_parse_math() or one.get_usetex() for one in shown)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:12]))
def test_a_detection_of_any_class(name: str) -> None:
    with matplotlib.rc_context({"text.usetex": True}):
        figure = replace(found_points(3), label=name).figure()
        if name:
            assert as_written(figure, name)
    figure = draw([Panel("a", np.zeros((4, 6)), Affine.identity())], (6, 4), drawable(name))
    assert png(figure).startswith(b"\x89PNG")


def test_a_confusion_of_all_of_them() -> None:
    counts = np.eye(len(NAMES), dtype=np.int64)
    figure = Confusion(counts, tuple(NAMES)).figure()
    assert all(as_written(figure, name) for name in NAMES if name)
    for kind in ("png", "svg"):
        file: Any = BytesIO()
        figure.savefig(file, format=kind)
        assert file.tell() > 1000


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:12]))
def test_a_drawable_name_is_one_short_printable_line(name: str) -> None:
    assert drawable(name).isprintable()
    assert len(drawable(name)) <= LONGEST_NAME

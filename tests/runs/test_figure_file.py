"""A figure is named by its photograph, and two photographs of one name have two."""

import pytest

from gnomon.runs.figure_file import figure_file

ID = "b1ddc9d5447d1449"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("birds/gull.jpg", f"gull-{ID}.svg"),
        ("clip.mp4#000123", f"clip.mp4#000123-{ID}.svg"),
        ("https://me:secret@host/a/gull.jpeg", f"gull-{ID}.svg"),
        ("..", f"..-{ID}.svg"),
        ("C:\\birds\\gull.png", f"gull-{ID}.svg"),
        (f"{'x' * 500}.jpg", f"{'x' * 60}-{ID}.svg"),
    ],
)
def test_the_name_is_the_photographs_own_and_its_id(path: str, name: str) -> None:
    assert figure_file(path, ID, "svg") == f"figures/{name}"


@pytest.mark.parametrize(
    "path", ["a/../../b\0.jpg", "a\n\x1b[2J.jpg", "\udcff.jpg", "", "/", "💥" * 99]
)
def test_no_name_leads_out_or_breaks_anything(path: str) -> None:
    home, _, name = figure_file(path, ID).partition("/")
    assert home == "figures"
    assert "/" not in name
    assert "\0" not in name
    assert len(name.encode()) < 255
    assert ID in name or "~" in name

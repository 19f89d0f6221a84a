"""What a figure shows of keypoints: their kind by the marker, their proof by its filling."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn import found_points
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from gnomon.figures import KEYPOINT_COLOR, Panel, draw, looks, png
from gnomon.geometry import Affine
from gnomon.types import Keypoints

KIND = np.array(["corner", "ridge", "blob", "map", "corner"])
PROVED = np.array([True, True, False, False, True])


def found(*, coarse: float, proved: bool) -> Figure:
    """Draw a detection of five points of all kinds."""
    detection = found_points(5)
    points: Keypoints = replace(
        detection.keypoints,
        kind=KIND,
        proved=PROVED if proved else np.zeros(5, bool),
        coarse=np.full(5, coarse),
    )
    source = "https://me:secret@host/photos/macaw.jpg"
    image = replace(detection.image, source=source)
    return replace(detection, keypoints=points, coarse=None, image=image).figure()


def drawn(figure: Figure) -> dict[str, PathCollection]:
    """Return what is drawn in the panel of keypoints, by its name in the legend."""
    (axes,) = (one for one in figure.axes if one.get_title() == "keypoints")
    return {str(one.get_label()): one for one in _dots(axes)}


def _dots(axes: Axes) -> list[PathCollection]:
    return [one for one in axes.collections if isinstance(one, PathCollection)]


def test_each_point_has_one_look() -> None:
    found = {look.name: np.flatnonzero(mine).tolist() for look, mine in looks(KIND, PROVED)}
    assert found == {
        "corner or blob, proved": [0, 4],
        "corner or blob, not proved": [2],
        "edge or map, proved": [1],
        "edge or map, not proved": [3],
    }
    plain = {look.name: np.flatnonzero(mine).tolist() for look, mine in looks(KIND, None)}
    assert plain == {"corner or blob": [0, 2, 4], "edge or map": [1, 3]}
    assert looks(KIND[:0], PROVED[:0]) == []


def test_the_figure_tells_kinds_and_proofs_apart_and_says_how() -> None:
    figure = found(coarse=0.1, proved=True)
    dots = drawn(figure)
    xy = found_points(5).keypoints.xy
    for name, rows in (("corner or blob, proved", [0, 4]), ("edge or map, not proved", [3])):
        offsets: Any = dots[name].get_offsets()
        np.testing.assert_allclose(offsets, xy[rows])
    faces = {name: to_hex(np.asarray(one.get_facecolor())[0]) for name, one in dots.items()}
    for name, face in faces.items():
        assert face == ("#ffffff" if "not proved" in name else KEYPOINT_COLOR), name
    sides = {name: len(np.asarray(one.get_paths()[0].vertices)) for name, one in dots.items()}
    assert sides["corner or blob, proved"] == sides["corner or blob, not proved"]
    assert sides["corner or blob, proved"] > sides["edge or map, proved"]
    (axes,) = (one for one in figure.axes if one.get_title() == "keypoints")
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "corner or blob, proved",
        "corner or blob, not proved",
        "edge or map, proved",
        "edge or map, not proved",
    ]


def test_where_nothing_was_hidden_no_point_is_called_unproved() -> None:
    assert set(drawn(found(coarse=np.nan, proved=False))) == {"corner or blob", "edge or map"}
    hidden = set(drawn(found(coarse=0.0, proved=False)))
    assert hidden == {"corner or blob, not proved", "edge or map, not proved"}


def test_the_title_names_the_photograph_without_its_secrets() -> None:
    figure = found(coarse=0.1, proved=True)
    assert figure.get_suptitle() == 'macaw.jpg: a "bird" 50% · 5 keypoints'


@pytest.mark.parametrize("size", [(60, 40), (40, 60), (300, 40)])
@pytest.mark.parametrize("columns", [1, 3])
def test_the_legend_stays_on_the_figure(size: tuple[int, int], columns: int) -> None:
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    place = Affine.identity()
    points = Panel("keypoints", picture, place, np.full((5, 2), 20.0), kind=KIND, proved=PROVED)
    figure = draw([Panel("image", picture, place)] * (columns - 1) + [points], size, "title")
    png(figure)
    legend = figure.axes[-1].get_legend()
    assert legend is not None
    box, whole = legend.get_window_extent(), figure.bbox
    assert box.y0 >= 0
    assert box.x0 >= 0
    assert box.x1 <= whole.x1
    assert box.y1 <= figure.axes[-1].get_window_extent().y0 + 8

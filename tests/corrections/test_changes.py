"""What counts as kept, moved, deleted and added, on points written down by hand."""

import numpy as np
import pytest

from gnomon.corrections.changes import Changes, compare
from gnomon.corrections.corrected import CorrectedPoint
from gnomon.datasets.sample import Change

XY = np.array([[10.0, 10.0], [50.0, 20.0], [30.0, 40.0]])


@pytest.mark.parametrize(
    ("step", "change"),
    [((0.04, 0.0), "kept"), ((0.03, 0.03), "kept"), ((0.06, 0.0), "moved"), ((0.0, -0.4), "moved")],
)
def test_a_twentieth_of_a_pixel_is_a_move(step: tuple[float, float], change: Change) -> None:
    x, y = XY[1] + step
    ranked = [CorrectedPoint(x, y, "", rank=2)]
    assert compare(XY, [1, 2, 3], ["a", "b", "c"], ranked, None) == (change,)
    bare = [CorrectedPoint(x, y, "")]
    assert compare(XY, [1, 2, 3], ["a", "b", "c"], bare, 5.0) == (change,)


def test_without_ranks_points_are_paired_by_name_and_then_by_place() -> None:
    points = [
        CorrectedPoint(31, 40, "x"),
        CorrectedPoint(90, 90, "a"),
        CorrectedPoint(54.9, 20, "x"),
        CorrectedPoint(50, 26, "x"),
    ]
    assert compare(XY, [1, 2, 3], ["a", "b", "c"], points, 5.0) == (
        "moved",
        "moved",
        "moved",
        "added",
    )
    assert compare(XY, [1, 2, 3], ["a", "b", "c"], points, 4.8) == (
        "moved",
        "moved",
        "added",
        "added",
    )


def test_a_rank_counts_once() -> None:
    points = [CorrectedPoint(10, 10, "", rank=1), CorrectedPoint(10, 10, "", rank=1)]
    assert compare(XY, [1, 2, 3], ["a", "b", "c"], points, None) == ("kept", "added")
    assert compare(XY, [1, 2, 3], ["a", "b", "c"], [], 5.0) == ()


def test_changes_add_up_and_are_counted_in_clicks() -> None:
    one, other = Changes(kept=4, moved=3, deleted=2, added=1), Changes(1, 1, 1, 1)
    assert one + other == Changes(kept=5, moved=4, deleted=3, added=2)
    assert (one.n_points, one.clicks, one.clicks_saved) == (8, 6, 2)

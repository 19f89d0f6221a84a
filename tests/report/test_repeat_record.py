"""The picture of what is found again."""

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.patches import ConnectionPatch

from gnomon.evaluation.repeatability import Again
from gnomon.evaluation.repeating import Seen
from gnomon.figures import KEYPOINT_COLOR
from gnomon.report.repeat_record import FOUND, OUTSIDE, lines
from gnomon.types import Keypoints


def test_only_points_that_could_be_found_again_are_counted() -> None:
    rgb = np.zeros((40, 60, 3), np.uint8)
    mine = Keypoints.at(np.array([[10.0, 10], [20, 10], [30, 10]]), np.array([3.0, 2, 1]), "file")
    theirs = Keypoints.at(np.array([[21.0, 11], [50, 30]]), np.array([2.0, 1]), "file")
    again = Again(
        shares=np.zeros(4),
        errors=np.array([1.4]),
        held=np.array([1.0]),
        pairs=np.array([[1, 0]]),
        stays=np.array([False, True, True]),
        comes=np.array([True, True]),
    )
    figure = lines(Seen(rgb, rgb, mine, theirs, again))
    left, right = figure.axes
    assert left.get_title() == "photograph: 1 of 2 points found again"
    assert right.get_title() == "warped: 1 of 2 points found again"
    drawn = {
        to_hex(tuple(np.asarray(dots.get_facecolor())[0])): np.asarray(dots.get_offsets()).tolist()
        for dots in left.collections
    }
    assert drawn == {OUTSIDE: [[10, 10]], FOUND: [[20, 10]], KEYPOINT_COLOR.lower(): [[30, 10]]}
    (line,) = figure.artists
    assert isinstance(line, ConnectionPatch)
    assert (*line.xy1, *line.xy2) == (20, 10, 21, 11)

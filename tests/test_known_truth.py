"""End to end on drawn images: the keypoints lie on the one part that decides the class."""

import pytest

from gnomon import Detector
from known_truth import look, trained, unseen


@pytest.mark.slow
def test_the_coarse_maximum_and_a_keypoint_lie_on_the_part_that_decides() -> None:
    """A place is known to decide here, so the map that tells it weighs a quarter of the other."""
    found = look(Detector(trained(), coarse_weight=0.25), unseen())
    assert found.right >= 0.95
    assert found.on_badge >= 0.95
    assert found.near >= 0.95

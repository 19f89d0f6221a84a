"""End to end on drawn images: the keypoints lie on the one part that decides the class."""

import pytest
from map_peaks import MAP_PEAKS

from gnomon import Detector
from known_truth import look, trained, unseen


@pytest.mark.slow
def test_the_coarse_maximum_and_a_keypoint_lie_on_the_part_that_decides() -> None:
    classifier, drawings = trained(), unseen()
    found = look(Detector(classifier, coarse="map"), drawings)
    assert found.right >= 0.95
    assert found.coarse_on_badge >= 0.95
    assert found.on_badge >= 0.95
    # A place is known to decide here: where the map that tells it weighs more, its middle is found.
    assert look(Detector(classifier, **MAP_PEAKS | {"coarse_weight": 1.0}), drawings).near >= 0.95

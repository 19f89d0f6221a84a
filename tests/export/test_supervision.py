"""supervision's annotators draw the points on the pixels that they name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import supervision as sv

from gnomon.export import open_contents, to_supervision


@pytest.mark.parametrize("kind", ["free", "parts", "landmarks", "bare", "unicode"])
def test_annotators_draw_the_points(kind: str, made: Callable[[str], Any]) -> None:
    contents = open_contents(made(kind).folder, review=made(kind).review)
    white = sv.VertexAnnotator(color=sv.Color.WHITE, radius=0)
    drawn = 0
    for record, points in to_supervision(contents):
        scene = np.zeros((record.image.height, record.image.width, 3), dtype=np.uint8)
        lit = white.annotate(scene, points).any(axis=2)
        xy = contents.placed(record)[0]
        xy = xy[~np.isnan(xy[:, 0])]
        if not len(xy):
            assert len(points) == 0
            assert not lit.any()
            continue
        assert len(points) == 1
        assert points.visible is not None
        np.testing.assert_allclose(points.xy[points.visible], xy, atol=1e-4)
        wanted = {(int(x), int(y)) for x, y in xy}
        assert {(int(x), int(y)) for y, x in np.argwhere(lit)} == wanted
        assert list(points.data["class_name"]) == [record.image.label]
        drawn += len(xy)
    assert drawn


def test_edges_join_the_parts(made: Callable[[str], Any]) -> None:
    contents = open_contents(made("parts").folder)
    edges = sv.EdgeAnnotator(
        color=sv.Color.WHITE, edges=[(a + 1, b + 1) for a, b in contents.edges]
    )
    record, points = next(iter(to_supervision(contents)))
    scene = np.zeros((record.image.height, record.image.width, 3), dtype=np.uint8)
    assert edges.annotate(scene, points).any()

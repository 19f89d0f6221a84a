import dataclasses

import numpy as np
import pytest
import torch

from gnomon.geometry import Affine
from gnomon.types import Heatmap, Image, Keypoints, Landmarks


def image(height: int = 4, width: int = 6) -> Image:
    pixels = torch.zeros(3, height, width)
    return Image(pixels, "drawn", "0" * 64, (width, height), Affine.identity())


def test_no_keypoints_is_a_value_like_any_other() -> None:
    none = Keypoints.at([], [])
    assert len(none) == 0
    assert none.xy.shape == (0, 2)
    assert len(none.to_file(Affine.translation(1, 2))) == 0


def test_keypoints_go_to_the_file_once() -> None:
    points = Keypoints.at([[1.0, 2.0]], [0.5]).to_file(Affine.resize((2, 2), (4, 4)))
    np.testing.assert_allclose(points.xy, [[2.5, 4.5]])
    assert points.frame == "file"
    with pytest.raises(ValueError, match="already"):
        points.to_file(Affine.identity())


def test_take_selects_the_same_rows_of_every_field() -> None:
    points = Keypoints.at([[0, 1], [2, 3], [4, 5]], [3, 2, 1])
    points = dataclasses.replace(points, part=np.array([7, 8, 9]))
    chosen = points.take(np.array([2, 0]))
    assert chosen.xy.tolist() == [[4, 5], [0, 1]]
    assert chosen.score.tolist() == [1, 3]
    assert chosen.part.tolist() == [9, 7]


def test_wrong_shapes_are_refused_when_made() -> None:
    with pytest.raises(ValueError, match="score"):
        Keypoints.at([[0, 1]], [1, 2])
    with pytest.raises(ValueError, match="NaN"):
        Keypoints.at([[0, np.nan]], [1])
    with pytest.raises(ValueError, match="frame"):
        dataclasses.replace(Keypoints.at([], []), frame="paper")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match=r"\(H,W\)"):
        Heatmap(np.zeros(3, np.float32), "coarse")
    with pytest.raises(ValueError, match="NaN"):
        Heatmap(np.full((2, 2), np.nan, np.float32), "fine")
    with pytest.raises(ValueError, match="float32"):
        dataclasses.replace(image(), pixels=torch.zeros(3, 4, 4, dtype=torch.float64))
    with pytest.raises(ValueError, match="names"):
        Landmarks(np.zeros((2, 2)), np.arange(2), ("beak",), np.ones(2, bool), 10.0)


def test_a_heatmap_shows_itself() -> None:
    shown = Heatmap(np.arange(12, dtype=np.float32).reshape(3, 4), "coarse")._repr_png_()
    assert shown.startswith(b"\x89PNG")

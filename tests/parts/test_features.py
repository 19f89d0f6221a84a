"""Maps and views are read where they say, to a fraction of a pixel."""

import numpy as np
import PIL.Image
import pytest
import torch

from gnomon.images import decode
from gnomon.parts.features import sample
from gnomon.parts.view import spread_of, view_around


@pytest.mark.parametrize("stride", [1, 4])
def test_a_map_of_coordinates_gives_the_points_themselves(stride: int) -> None:
    height, width = 8 * stride, 12 * stride
    centers_x = torch.arange(12) * stride + (stride - 1) / 2
    centers_y = torch.arange(8) * stride + (stride - 1) / 2
    maps = [torch.stack([centers_x.expand(8, 12), centers_y[:, None].expand(8, 12)]).double()]
    random = np.random.default_rng(0)
    least, most = (stride - 1) / 2, np.array([width, height]) - (stride + 1) / 2
    xy = random.uniform(least, most, size=(20, 2))
    (read,) = sample(maps, xy, (height, width))
    np.testing.assert_allclose(read.numpy(), xy, atol=1e-5)
    (corner,) = sample(maps, np.array([[-0.5, height - 0.5]]), (height, width))
    np.testing.assert_allclose(corner.numpy(), [[least, most[1]]], atol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 3.0])
@pytest.mark.parametrize("reach", [20.0, 60.0])
def test_a_view_shows_the_file_where_its_map_says(reach: float, offset: float) -> None:
    y, x = np.mgrid[:200, :250].astype(np.uint8)
    picture = decode(PIL.Image.fromarray(np.stack([x, y, np.full_like(x, 255)], axis=2)))
    points = np.array([[110.0, 90.0]]) + reach * np.array([[0, 0], [1, 0], [0, -1], [-1, 0.5]])
    view = view_around(picture, points + offset, (48, 64))
    rows, columns = np.mgrid[:48, :64]
    shown = view.from_file.inverse().apply(np.stack([columns.ravel(), rows.ravel()], axis=1))
    inside = ((shown > 5) & (shown < np.array([250, 200]) - 6)).all(axis=1)
    values = 255 * view.pixels.numpy()[:2].reshape(2, -1).T
    assert inside.sum() > 1000
    np.testing.assert_allclose(values[inside], shown[inside], atol=1.0)
    assert np.abs((values - shown)[inside].mean(axis=0)).max() < 0.1


def test_a_view_reaches_one_and_a_half_spreads_from_the_middle() -> None:
    xy = np.array([[100.0, 80.0], [100.0, 80.0], [90.0, 80.0], [110.0, 80.0], [100.0, 480.0]])
    middle, spread = spread_of(xy)
    assert middle.tolist() == [100.0, 80.0]
    assert spread == pytest.approx(10 + 0.2 * 390)
    picture = decode(PIL.Image.new("RGB", (300, 300)))
    view = view_around(picture, xy[:4], (60, 90))
    corners = view.from_file.inverse().apply([[-0.5, -0.5], [89.5, 59.5]])
    np.testing.assert_allclose(corners, [[77.5, 65.0], [122.5, 95.0]])


def test_points_on_one_spot_are_seen_in_a_view_of_their_surroundings() -> None:
    assert spread_of(np.full((3, 2), 7.0))[1] == 8.0

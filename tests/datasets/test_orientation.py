from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage
from PIL import ImageOps

from gnomon.datasets.orientation import to_displayed, turn_boxes
from gnomon.errors import DatasetError


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_points_go_where_pillow_puts_their_pixel(
    tmp_path: Path, write_image: Callable[..., None], orientation: int
) -> None:
    path = tmp_path / "image.png"
    write_image(path, orientation=orientation)
    shown = np.asarray(ImageOps.exif_transpose(PILImage.open(path)))[..., 0]
    place = np.argwhere(shown == 255)[0, ::-1]
    if orientation <= 4:
        assert (to_displayed(path, (40, 30)).apply([place]) == place).all()
        return
    np.testing.assert_allclose(to_displayed(path, (40, 30)).apply([[7, 3]])[0], place)
    np.testing.assert_allclose(to_displayed(path, (30, 40)).apply([place])[0], place)


def test_boxes_turn_with_their_corners(tmp_path: Path, write_image: Callable[..., None]) -> None:
    write_image(tmp_path / "image.png", orientation=6)
    turn = to_displayed(tmp_path / "image.png", (40, 30))
    np.testing.assert_allclose(turn_boxes(turn, np.array([[7.0, 3, 10, 5]])), [[21, 7, 5, 10]])
    assert turn_boxes(turn, np.empty((0, 4))).shape == (0, 4)


def test_another_size_and_no_image_say_so(tmp_path: Path, write_image: Callable[..., None]) -> None:
    write_image(tmp_path / "image.png")
    with pytest.raises(DatasetError, match="is 40x30 pixels, but its annotation says 20x15"):
        to_displayed(tmp_path / "image.png", (20, 15))
    (tmp_path / "broken.png").write_text("no image")
    with pytest.raises(DatasetError, match=r"broken\.png cannot be read as an image"):
        to_displayed(tmp_path / "broken.png", (20, 15))

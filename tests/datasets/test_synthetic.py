from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from gnomon.datasets.synthetic import LOOKS, draw, read_synthetic, write_synthetic
from gnomon.errors import DatasetError
from gnomon.types import Floats


def test_drawings_are_their_seed_and_index_alone() -> None:
    np.testing.assert_array_equal(draw(5, seed=3).pixels, draw(5, seed=3).pixels)
    assert (draw(5, seed=3).pixels != draw(5, seed=4).pixels).any()
    assert (draw(5, seed=3).pixels != draw(9, seed=3).pixels).any()


def middle(weights: Floats) -> Floats:
    y, x = np.indices(weights.shape)
    center: Floats = np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()
    return center


@pytest.mark.parametrize("size", [64, 96, 160])
def test_the_badge_is_where_the_truth_says(size: int) -> None:
    y, x = np.mgrid[:size, :size]
    for index in range(12):
        drawing = draw(index, size=size)
        assert drawing.label == LOOKS[index % 4]
        distance = np.hypot(x - drawing.xy[0], y - drawing.xy[1])
        gray = drawing.pixels.mean(axis=2) / 255
        darkness = np.where(distance < drawing.radius - 1, np.maximum(0.85 - gray, 0), 0)
        if drawing.label == "plain":
            assert darkness.sum() == 0
        else:
            assert np.abs(middle(darkness) - drawing.xy).max() < 0.3
        least = drawing.pixels.min(axis=2) / 255
        whole = np.where(distance < drawing.radius + 2, (least > 0.8) + (darkness > 0), 0)
        assert np.abs(middle(whole) - drawing.xy).max() < 0.3
        assert whole.sum() == pytest.approx(np.pi * drawing.radius**2, rel=0.2)


def test_a_written_set_reads_as_it_was_drawn(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "drawn", count=8, seed=2, size=80)
    samples = list(read_synthetic(tmp_path / "drawn"))
    assert [sample.split for sample in samples] == ["train"] * 6 + ["test"] * 2
    for index, sample in enumerate(samples):
        drawing = draw(index, seed=2, size=80)
        np.testing.assert_array_equal(np.asarray(PILImage.open(sample.image)), drawing.pixels)
        assert sample.label == drawing.label
        assert sample.landmarks is not None
        np.testing.assert_array_equal(sample.landmarks.xy[0], drawing.xy)
        assert sample.landmarks.visible[0] == (drawing.label != "plain")
        assert sample.landmarks.scale == pytest.approx(2 * 80 / 8)
        np.testing.assert_allclose(sample.boxes[0, :2] + sample.boxes[0, 2:] / 2, drawing.xy)


def test_another_table_gets_a_sentence(tmp_path: Path) -> None:
    write_synthetic(tmp_path, count=1)
    (tmp_path / "truth.csv").write_text("image,x,y\n")
    with pytest.raises(DatasetError, match="expected the columns image, label"):
        read_synthetic(tmp_path)

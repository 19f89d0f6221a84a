import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gnomon.classifier import Classifier, Preprocessing
from gnomon.geometry import Affine
from gnomon.occlusion import FILLS, prepare_engine
from gnomon.prove import FILLED, STANDS_OUT, Proof, centered_windows, discs, prove
from gnomon.types import Image

SIZE, PATCH = 24, 4


class Left(nn.Module):
    """Its second class is the brightness of a square around pixel (8, 12)."""

    def forward(self, x: Tensor) -> Tensor:
        bright = x[:, :, 10:15, 6:11].mean((1, 2, 3))
        return torch.stack([torch.zeros_like(bright), bright * 4], dim=1)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(Left(), Preprocessing(size=(SIZE, SIZE), mean=(0, 0, 0), std=(1, 1, 1)))


def white() -> Image:
    pixels = torch.ones(3, SIZE, SIZE)
    return Image(pixels, "white", "0" * 64, (SIZE, SIZE), Affine.identity())


def test_a_window_is_centered_on_its_point_and_inside_the_image() -> None:
    xy = np.array([[8.0, 12.0], [8.5, 12.5], [0.0, 23.0], [-3.0, 40.0]])
    windows = centered_windows(xy, 5, white())
    assert windows.tolist() == [[10, 6], [10, 6], [19, 0], [19, 0]]
    assert centered_windows(np.array([[8.5, 12.5]]), 4, white()).tolist() == [[11, 7]]


@pytest.mark.parametrize("engine", ["dense", "incremental"])
def test_the_drop_is_that_of_the_probability_fill_by_fill(
    classifier: Classifier, engine: str
) -> None:
    image = white()
    xy = np.array([[8.0, 12.0], [20.0, 3.0], [10.4, 13.8]])
    found = prove(
        classifier,
        prepare_engine(classifier, engine),
        image,
        xy,
        1,
        patch=PATCH,
        fill="random",
        seed=3,
    )
    windows = centered_windows(xy, PATCH, image)
    clean = classifier.probabilities(image.pixels[None])[0, 1]
    for draw in range(FILLED):
        patches = FILLS["random"](image, windows, PATCH, 3, draw)
        for point, ((y, x), patch) in enumerate(zip(windows.tolist(), patches, strict=True)):
            hidden = image.pixels.clone()
            hidden[:, y : y + PATCH, x : x + PATCH] = patch
            expected = float(clean - classifier.probabilities(hidden[None])[0, 1])
            assert found.drops[point, draw] == pytest.approx(expected, abs=1e-6)
    assert found.proved.tolist() == [True, False, True]
    np.testing.assert_allclose(found.mean, found.drops.mean(axis=1))


def test_hiding_what_speaks_against_the_class_gives_a_negative_drop(classifier: Classifier) -> None:
    engine = prepare_engine(classifier)
    xy = np.array([[8.0, 12.0]])
    found = prove(classifier, engine, white(), xy, 0, patch=PATCH, fill="constant", seed=0)
    assert (found.drops < -0.01).all()
    assert not found.proved.any()


def test_no_points_need_no_proof(classifier: Classifier) -> None:
    engine = prepare_engine(classifier)
    found = prove(
        classifier, engine, white(), np.zeros((0, 2)), 1, patch=PATCH, fill="random", seed=0
    )
    assert found.drops.shape == (0, FILLED)
    assert len(found.proved) == 0


def test_a_drop_is_proved_where_it_stands_out_from_the_fills() -> None:
    """One-sided t test at 5 %, three degrees of freedom."""
    spread = np.array([-1.0, 1.0, -1.0, 1.0])
    error = spread.std(ddof=1) / 2
    above, below = (STANDS_OUT * error * factor for factor in (1.01, 0.99))
    drops = np.stack([spread + above, spread + below, np.full(4, 0.1), np.full(4, -0.1)])
    assert Proof(drops).proved.tolist() == [True, False, True, False]


def test_discs_show_the_largest_drop_at_each_pixel() -> None:
    xy = np.array([[5.0, 6.0], [8.0, 6.0], [15.0, 15.0], [2.0, 18.0]])
    values = discs(xy, np.array([0.2, 0.5, -0.3, np.nan]), 6, (20, 24)).values
    assert values.shape == (20, 24)
    assert values[6, 5] == np.float32(0.5), "3 px from the second"
    assert values[6, 3] == np.float32(0.2)
    assert values[6, 1] == 0
    assert values[15, 15] == values[18, 2] == 0
    assert (values > 0).sum() == len(
        {
            (x, y)
            for (cx, cy) in ((5, 6), (8, 6))
            for x in range(24)
            for y in range(20)
            if (x - cx) ** 2 + (y - cy) ** 2 <= 9
        }
    )

import numpy as np
import pytest
import torch
from torch import nn

from gnomon.classifier import Classifier, Preprocessing
from gnomon.evaluation.curves import STEPS, by_chance, by_value, mean_curve, play
from gnomon.geometry import Affine
from gnomon.types import Image

SIDE = 20
CORNER = 5


class Corner(nn.Module):
    """Its first class's score is the mean brightness of the top left corner's pixels."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        bright = pixels[:, :, :CORNER, :CORNER].mean((1, 2, 3))
        return torch.stack([4 * bright, torch.zeros_like(bright)], dim=1)


@pytest.fixture
def classifier() -> Classifier:
    how = Preprocessing(size=(SIDE, SIDE), mean=(0, 0, 0), std=(1, 1, 1))
    return Classifier(Corner(), how)


@pytest.fixture
def image() -> Image:
    pixels = torch.zeros(3, SIDE, SIDE)
    pixels[:, :CORNER, :CORNER] = 1
    return Image(pixels, "corner", "x", (SIDE, SIDE), Affine.identity())


def evidence(image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return image.pixels[0].numpy().astype(np.float64)


def test_deleting_the_evidence_first_follows_the_closed_form(
    classifier: Classifier, image: Image
) -> None:
    found = play("deletion", classifier, image, by_value(evidence(image)), 0)
    mean = CORNER**2 / SIDE**2
    gone = np.minimum(1, np.arange(STEPS + 1) / STEPS * SIDE**2 / CORNER**2)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-4 * (1 - gone * (1 - mean)))), rtol=1e-6)


def test_insertion_ends_with_the_image_and_the_evidence_comes_first_or_last(
    classifier: Classifier, image: Image
) -> None:
    best = play("insertion", classifier, image, by_value(evidence(image)), 0)
    worst = play("insertion", classifier, image, by_value(-evidence(image)), 0)
    whole = float(classifier.probabilities(image.pixels[None])[0, 0])
    assert best[-1] == pytest.approx(whole)
    assert worst[-1] == pytest.approx(whole)
    assert best[0] == worst[0] < whole
    assert best[2] == pytest.approx(whole)
    assert worst[-4] == pytest.approx(best[0])


def test_an_order_ranks_every_pixel_once() -> None:
    values = np.array([[0.1, 0.9], [0.5, 0.9]])
    np.testing.assert_array_equal(by_value(values), [[3, 0], [2, 1]])
    ranks = by_chance(13, 22, 5, seed=3)
    np.testing.assert_array_equal(np.sort(ranks, axis=None), np.arange(13 * 22))
    first = ranks[:5, :5]
    assert np.ptp(first) == 24
    assert not np.array_equal(ranks, by_chance(13, 22, 5, seed=4))


def test_areas_are_trapezoids() -> None:
    rise = np.linspace(0, 1, STEPS + 1) ** 2
    curve = mean_curve("insertion", "rise", [rise, rise])
    steps = np.arange(STEPS + 1) / STEPS
    expected = sum((steps[k + 1] - steps[k]) * (rise[k + 1] + rise[k]) / 2 for k in range(STEPS))
    assert curve.area == pytest.approx(expected)
    assert curve.fractions[0] == 0
    assert curve.fractions[-1] == 1

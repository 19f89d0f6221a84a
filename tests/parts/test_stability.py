"""How many parts two halves of the images agree on."""

import numpy as np
import pytest

from gnomon.parts.learn import Points
from gnomon.parts.stability import agreement, choose_count, halves_labels, jaccard


def recurring(parts: int, images: int, noise: float) -> Points:
    """Draw images of ``parts`` points, each with its own look and place, and noise on the look."""
    random = np.random.default_rng(0)
    looks = np.eye(parts, 32) + noise * random.normal(size=(images, parts, 32))
    looks /= np.linalg.norm(looks, axis=2, keepdims=True)
    places = np.tile(np.exp(2j * np.pi * np.arange(parts) / parts), (images, 1))
    return Points(looks.astype(np.float32), places, np.ones((images, parts), np.bool_))


def test_halves_agree_on_what_recurs_and_on_nothing_else() -> None:
    assert agreement(recurring(6, 40, 0.05), 6) == pytest.approx(1.0)
    random = np.random.default_rng(0)
    noise = random.normal(size=(40, 6, 32))
    noise /= np.linalg.norm(noise, axis=2, keepdims=True)
    places = random.normal(size=(40, 6)) + 1j * random.normal(size=(40, 6))
    nothing = Points(noise.astype(np.float32), places, np.ones((40, 6), np.bool_))
    assert agreement(nothing, 6) < 0.3


def test_each_half_labels_all_points() -> None:
    points = recurring(6, 40, 0.05)
    one, other = halves_labels(points, 6)
    assert one.shape == other.shape == (240,)
    np.testing.assert_allclose(jaccard(one, other, 6), 1.0)


def test_labels_are_matched_one_to_one() -> None:
    one = np.array([0, 0, 0, 1, 1, 2])
    other = np.array([2, 2, 0, 0, 0, 1])
    np.testing.assert_allclose(jaccard(one, other, 3), [2 / 3, 2 / 3, 1.0])


@pytest.mark.parametrize(
    ("images", "chosen", "tried"),
    [(500, 10, [6, 8, 10, 12, 16]), (100, 8, [6, 8]), (59, 6, []), (2, 5, [])],
)
def test_the_largest_count_near_the_best_is_chosen_where_there_are_points_enough(
    monkeypatch: pytest.MonkeyPatch, images: int, chosen: int, tried: list[int]
) -> None:
    agreed = {6: 0.9, 8: 0.8, 10: 0.76, 12: 0.74, 16: 0.2}
    monkeypatch.setattr(
        "gnomon.parts.stability.agreement",
        lambda points, count, seed: agreed[count] + 0.02 * (seed - 7.5),
    )
    points = recurring(2 if images == 500 else 5, images, 0.05)
    heard: dict[int, float] = {}
    assert choose_count(points, 7, heard.__setitem__) == chosen
    assert heard == pytest.approx({count: agreed[count] for count in tried})

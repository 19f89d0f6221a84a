"""Insertion and deletion: whether the class comes with the pixels that a map ranks first.

Petsiuk, Das, Saenko: RISE, BMVC 2018.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gnomon.classifier import Classifier
from gnomon.types import Floats, Image

STEPS = 20
BLUR = 0.05
"""Sigma of the blurred image as a fraction of its longer side."""
_AT_A_TIME = 8

Game = Literal["insertion", "deletion"]
Order = NDArray[np.int64]
"""The rank (H,W) of each pixel, 0 the first to go."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A class's probability while pixels go in or out in one order.

    ``probability[k]`` is that at ``fractions[k]`` of the pixels; ``area`` under it, from 0 to 1:
    high is good for an insertion, low for a deletion.
    """

    game: Game
    order: str
    fractions: tuple[float, ...]
    probability: tuple[float, ...]
    area: float


def by_value(values: Floats) -> Order:
    """Rank pixels by a map, the highest first."""
    ranks = np.empty(values.size, dtype=np.int64)
    ranks[np.argsort(-values, axis=None, kind="stable")] = np.arange(values.size)
    return ranks.reshape(values.shape)


def by_chance(height: int, width: int, side: int, seed: int) -> Order:
    """Rank squares of ``side`` pixels at random, all pixels of one after the other."""
    random = np.random.default_rng(seed)
    grid = random.permutation(-(-height // side) * -(-width // side)).astype(np.float64)
    rows, columns = np.arange(height) // side, np.arange(width) // side
    return by_value(grid.reshape(-(-height // side), -1)[rows[:, None], columns])


def play(
    game: Game, classifier: Classifier, image: Image, order: Order, label_index: int
) -> Floats:
    """Follow a class's probability (STEPS + 1,) while pixels go in or out in order.

    A deletion starts from the image and puts its mean color in; an insertion starts from the
    blurred image and puts the image's own pixels in.
    """
    if game == "deletion":
        start = image.pixels
        end = image.pixels.mean(dim=(1, 2), keepdim=True).expand_as(start)
    else:
        start, end = _blurred(image), image.pixels
    ranks = torch.from_numpy(order)
    done = [ranks < round(order.size * step / STEPS) for step in range(STEPS + 1)]
    mixed = torch.stack([torch.where(gone, end, start) for gone in done])
    found = [
        classifier.probabilities(some)[:, label_index] for some in torch.split(mixed, _AT_A_TIME)
    ]
    probability: Floats = torch.cat(found).cpu().numpy()
    return probability


def mean_curve(game: Game, order: str, probabilities: list[Floats]) -> Curve:
    """Average the images' curves; the area is by the trapezoidal rule.

    >>> mean_curve("deletion", "none", [np.ones(21), np.linspace(1, 0, 21)]).area
    0.75
    """
    mean = np.mean(probabilities, axis=0)
    fractions = np.arange(STEPS + 1) / STEPS
    area = float((mean[1:] + mean[:-1]).sum() / (2 * STEPS))
    return Curve(game, order, tuple(fractions.tolist()), tuple(mean.tolist()), area)


def _blurred(image: Image) -> torch.Tensor:
    sigma = BLUR * max(image.height, image.width)
    pixels = image.pixels.cpu().numpy()
    smooth = gaussian_filter(pixels, (0, sigma, sigma), mode="reflect")
    return torch.from_numpy(smooth)

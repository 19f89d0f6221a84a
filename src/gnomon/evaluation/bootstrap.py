"""How sure a share is: bootstrap intervals over images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gnomon.types import Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % bootstrap interval, NaN where nothing was counted."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Draws of images with replacement: ``times`` (R,I), how often draw r holds image i.

    The first row is the images as they are.
    """

    times: Floats

    @classmethod
    def of(cls, images: int, resamples: int = 1000, seed: int = 0) -> "Bootstrap":
        """Draw ``resamples`` times; the same seed draws the same."""
        if images == 0:
            return cls(np.ones((1 + resamples, 0)))
        random = np.random.default_rng(seed)
        drawn = random.multinomial(images, np.full(images, 1 / images), size=resamples)
        return cls(np.concatenate([np.ones((1, images)), drawn]))

    def sums(self, counts: Sequence[object], shape: tuple[int, ...]) -> Floats:
        """Add the images' counts, each of ``shape``, up over every draw: (1+R,*shape)."""
        stacked = np.array(counts, dtype=np.float64).reshape(len(counts), *shape)
        totals: Floats = np.tensordot(self.times, stacked, axes=1)
        return totals


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide, NaN where there is nothing to divide by."""
    unknown = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=unknown, where=below > 0)
    return unknown


def interval(draws: Floats) -> Interval:
    """Take the first of figures (1+R,) as the value, percentiles of the rest as its bounds."""
    known = draws[1:][np.isfinite(draws[1:])]
    low, high = np.percentile(known, [2.5, 97.5]) if known.size else (np.nan, np.nan)
    return Interval(float(draws[0]), float(low), float(high))

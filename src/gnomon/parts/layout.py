"""Where parts lie on the object, and how an image's points are laid over it.

A place is x + iy. A pose takes an image's places to the object's: turned, scaled and moved, and
mirrored where that alone explains the image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from gnomon.parts.describe import Descriptors, Places
from gnomon.types import Floats

SHARPNESS = 15.0
"""How much a cosine of 1 counts, in nats."""
LEAST_SPREAD = 0.05
"""The smallest variance of a part's place, in the object's units."""
STIFFNESS = 0.5
"""How many points' worth of evidence it takes to turn or scale an image."""
MIRROR_PRICE = 1.0
"""By how many nats the mirrored image must be more likely."""
SCALES = (0.5, 2.0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Layout:
    """What K parts look like, and where they lie.

    ``centers`` (K,d) have length 1, ``places`` (K,) the variance ``spread`` (K,), and ``weight``
    (K,) adds up to 1.
    """

    centers: Descriptors
    places: Places
    spread: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.places)

    def __repr__(self) -> str:
        return f"<Layout of {len(self)} parts>"

    def ordered(self, order: NDArray[np.int64]) -> "Layout":
        """Return the parts in another order."""
        return Layout(
            self.centers[order], self.places[order], self.spread[order], self.weight[order]
        )

    def likeness(self, descriptors: Descriptors) -> Floats:
        """Return how much points (...,N,d) look like each part, in nats: (...,N,K)."""
        cosines: Floats = (SHARPNESS * (descriptors @ self.centers.T)).astype(np.float64)
        return cosines

    def match(self, likeness: Floats, placed: Places) -> Floats:
        """Return the log-likelihood (...,N,K) of look and place (...,N) on the object together."""
        away = np.abs(placed[..., None] - self.places) ** 2
        matched: Floats = likeness - away / (2 * self.spread) - np.log(self.spread)
        return matched

    def shares(self, match: Floats) -> Floats:
        """Return each part's probability at each point (...,N,K), one of the parts being there."""
        weighted = match + np.log(self.weight)
        shares: Floats = np.exp(weighted - logsumexp(weighted, axis=-1, keepdims=True))
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Of I images: place p goes to ``turn`` p + ``shift``; of the ``mirrored``, -conj(p) does."""

    turn: Places
    shift: Places
    mirrored: NDArray[np.bool_]

    def place(self, places: Places) -> Places:
        """Lay places (I,N) over the object."""
        seen = np.where(self.mirrored[:, None], -places.conj(), places)
        placed: Places = self.turn[:, None] * seen + self.shift[:, None]
        return placed

    def back(self, placed: Places) -> Places:
        """Take the object's places (K,) into each image (I,K)."""
        seen = (placed - self.shift[:, None]) / self.turn[:, None]
        return np.where(self.mirrored[:, None], -seen.conj(), seen)


def fit_pose(
    layout: Layout, likeness: Floats, places: Places, known: NDArray[np.bool_], shares: Floats
) -> Pose:
    """Lay images' points over the object, each point where its ``shares`` (I,N,K) say it belongs.

    ``places`` (I,N); ``known`` (I,N) is false where a row has no point.
    """
    pull = shares * known[..., None] / layout.spread
    fits = []
    for mirrored in (False, True):
        turn, shift = _similarity(layout, pull, -places.conj() if mirrored else places)
        pose = Pose(turn, shift, np.full(len(places), mirrored))
        match = layout.match(likeness, pose.place(places)) + np.log(layout.weight)
        told = np.where(known, logsumexp(match, axis=-1), 0.0).sum(axis=1)
        fits.append((pose, told))
    (plain, told), (turned, told_mirrored) = fits
    chosen = told_mirrored > told + MIRROR_PRICE
    return Pose(
        np.where(chosen, turned.turn, plain.turn),
        np.where(chosen, turned.shift, plain.shift),
        chosen,
    )


def settle(
    layout: Layout, descriptors: Descriptors, places: Places, known: NDArray[np.bool_]
) -> Pose:
    """Find the images' poses: by look alone first, then three times by look and place."""
    likeness = layout.likeness(descriptors)
    shares = layout.shares(likeness)
    pose = fit_pose(layout, likeness, places, known, shares)
    for _ in range(3):
        shares = layout.shares(layout.match(likeness, pose.place(places)))
        pose = fit_pose(layout, likeness, places, known, shares)
    return pose


def _similarity(layout: Layout, pull: Floats, places: Places) -> tuple[Places, Places]:
    """Solve for turn and shift by least squares, held towards no turn at all."""
    by_point, by_part = pull.sum(axis=2), pull.sum(axis=1)
    total = np.maximum(by_point.sum(axis=1), 1e-9)
    here = (by_point * places).sum(axis=1) / total
    there = (by_part * layout.places).sum(axis=1) / total
    offsets = (places - here[:, None]).conj()
    targets = (pull * (layout.places - there[:, None])[:, None]).sum(axis=2)
    stiff = STIFFNESS / layout.spread.mean()
    cross = (offsets * targets).sum(axis=1) + stiff
    power = (by_point * np.abs(offsets) ** 2).sum(axis=1) + stiff
    turn = cross / power
    size = np.maximum(np.abs(turn), 1e-9)
    turn = turn / size * np.clip(size, *SCALES)
    return turn, there - turn * here

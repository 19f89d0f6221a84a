"""Parts from points: spherical k-means for a start, then look and layout in turn."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gnomon.extras import library
from gnomon.parts.describe import Descriptors, Places, unit
from gnomon.parts.layout import LEAST_SPREAD, Layout, Pose, fit_pose, settle
from gnomon.types import Floats

ROUNDS = 12
SAMPLE = 20_000
"""Points that the start is clustered on."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The anchors of I images: ``descriptors`` (I,N,d), ``places`` (I,N), ``known`` (I,N)."""

    descriptors: Descriptors
    places: Places
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, rows: NDArray[np.int64]) -> "Points":
        """Select images."""
        return Points(self.descriptors[rows], self.places[rows], self.known[rows])


def k_means(rows: Descriptors, count: int, seed: int) -> Descriptors:
    """Cluster rows (N,d) of length 1 by the cosine: centers (count,d) of length 1."""
    cluster = library("sklearn.cluster", "parts", "finding parts")
    random = np.random.default_rng(seed)
    if len(rows) > SAMPLE:
        rows = rows[random.choice(len(rows), SAMPLE, replace=False)]
    found = cluster.KMeans(count, n_init=3, random_state=seed).fit(rows)
    return unit(found.cluster_centers_)


def learn(points: Points, count: int, seed: int = 0) -> Layout:
    """Learn ``count`` parts from at least as many points; the most frequent part first."""
    known = points.known[..., None]
    centers = k_means(points.descriptors[points.known], count, seed)
    flat = np.full(count, 1 / count)
    layout = Layout(centers, np.zeros(count, np.complex128), np.full(count, 0.5), flat)
    shares = layout.shares(layout.likeness(points.descriptors)) * known
    layout = _in_turn(points, _gather(points, shares, points.places), shares)
    return layout.ordered(np.argsort(-layout.weight, kind="stable"))


def learn_on(points: Points, layout: Layout) -> Layout:
    """Learn a layout's parts anew from other points; each part stays itself, in its place."""
    match, _ = posed(layout, points)
    return _in_turn(points, layout, layout.shares(match) * points.known[..., None])


def without_unshown(layout: Layout, points: Points) -> Layout:
    """Return the parts that some point most likely is, in the same order."""
    match, _ = posed(layout, points)
    shown = np.unique(layout.shares(match).argmax(axis=2)[points.known])
    left = layout.ordered(shown)
    return replace(left, weight=left.weight / left.weight.sum())


def _in_turn(points: Points, layout: Layout, shares: Floats) -> Layout:
    """Lay the images over the object and gather the parts from them, again and again."""
    known = points.known[..., None]
    for _ in range(ROUNDS):
        likeness = layout.likeness(points.descriptors)
        pose = fit_pose(layout, likeness, points.places, points.known, shares)
        placed = pose.place(points.places)
        shares = layout.shares(layout.match(likeness, placed)) * known
        layout = _gather(points, shares, placed)
    return layout


def posed(layout: Layout, points: Points) -> tuple[Floats, Pose]:
    """Match points to parts (I,N,K), each image in the pose that suits it best."""
    pose = settle(layout, points.descriptors, points.places, points.known)
    likeness = layout.likeness(points.descriptors)
    return layout.match(likeness, pose.place(points.places)), pose


def _gather(points: Points, shares: Floats, placed: Places) -> Layout:
    """Make each part the mean of its points; the object's middle is 0 and its size 1."""
    weight = shares.sum(axis=(0, 1)) + 1e-6
    flat = shares.reshape(-1, len(weight))
    dimensions = points.descriptors.shape[-1]
    centers = unit(flat.T.astype(np.float32) @ points.descriptors.reshape(-1, dimensions))
    places = (flat * placed.reshape(-1, 1)).sum(axis=0) / weight
    away = np.abs(placed.reshape(-1, 1) - places) ** 2
    spread = (flat * away).sum(axis=0) / weight / 2
    share = weight / weight.sum()
    places = places - (share * places).sum()
    size = max(float(np.sqrt((share * np.abs(places) ** 2).sum())), 1e-6)
    return Layout(centers, places / size, np.maximum(spread / size**2, LEAST_SPREAD), share)

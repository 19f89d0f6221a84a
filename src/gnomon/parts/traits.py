"""What is known of a part beside its look and place: who shows it, how often, and its twin."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gnomon.parts.layout import Layout
from gnomon.parts.learn import Points
from gnomon.types import Floats

QUANTILES = 41
SURE = 0.5
"""A point belongs to a part for sure where the part's share of it is at least this."""
REPEATED = 0.3
"""A part repeats where at least this share of the images that show it show it twice."""
APART = 1.0
"""How far apart, in the object's units, two of a kind lie."""
TWINNED = 0.5


def quantiles(match: Floats, shares: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the quantiles (K,Q) of the match of the points (I,N) most likely of each part."""
    mine = shares.argmax(axis=2)
    steps = np.linspace(0, 1, QUANTILES)
    rows = []
    for part in range(match.shape[2]):
        members = match[..., part][(mine == part) & known]
        rows.append(np.quantile(members if members.size else match[..., part][known], steps))
    return np.stack(rows)


def expected(
    shares: Floats, known: NDArray[np.bool_], classes: Sequence[str], labels: Sequence[str]
) -> Floats:
    """Return the share (L,K) of each label's images in which some point is most likely the part."""
    count = shares.shape[2]
    shown = np.zeros((len(classes), count), dtype=np.bool_)
    rows, columns = np.nonzero(known)
    shown[rows, shares.argmax(axis=2)[rows, columns]] = True
    of = np.array(classes)
    found: Floats = np.stack([shown[of == label].mean(axis=0) for label in labels])
    return found


def repeats(
    layout: Layout, shares: Floats, placed: NDArray[np.complex128], known: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return how often each part may occur in one image (K,): once, or as often as it usually does.

    Several points on one large part do not count: they lie near each other, while a second wheel
    lies apart from the first.
    """
    times = np.ones(len(layout), dtype=np.int64)
    sure = (shares >= SURE) & known[..., None]
    for part in range(len(layout)):
        rows = np.flatnonzero(sure[..., part].any(axis=1))
        counts = np.array([_separate(placed[row, sure[row, :, part]]) for row in rows])
        if len(counts) and (counts > 1).mean() >= REPEATED:
            times[part] = int(np.median(counts[counts > 1]))
    return times


def _separate(places: NDArray[np.complex128]) -> int:
    """Count places (M,) that lie apart from all counted before."""
    taken: list[complex] = []
    for place in places:
        if all(abs(place - other) >= APART for other in taken):
            taken.append(complex(place))
    return len(taken)


def twins(shares: Floats, mirrored: Floats, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Find what each part becomes where images are mirrored (K,): a part, itself, or -1.

    ``shares`` and ``mirrored`` (I,N,K) are of the same points, seen as they are and in a mirror.
    Two parts are twins where each becomes the other more often than not.
    """
    count = shares.shape[2]
    becomes = np.zeros((count, count))
    here, there = shares.argmax(axis=2)[known], mirrored.argmax(axis=2)[known]
    np.add.at(becomes, (here, there), 1)
    becomes /= np.maximum(becomes.sum(axis=1, keepdims=True), 1)
    likely = np.where(becomes.max(axis=1) >= TWINNED, becomes.argmax(axis=1), -1)
    mutual = (likely >= 0) & (likely[likely] == np.arange(count))
    return np.where(mutual, likely, -1).astype(np.int64)


def mirror(points: Points, descriptors: NDArray[np.float32]) -> Points:
    """Return the points of mirrored images, ``descriptors`` those read there."""
    return Points(descriptors, -points.places.conj(), points.known)

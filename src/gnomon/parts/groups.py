"""Which classes share their parts: those whose keypoints look alike to the network."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from gnomon.parts.learn import Points, k_means
from gnomon.types import Floats

WORDS = 32
FEWEST = 10
"""Images that a class needs to be judged by itself."""
APART = 0.45
"""Classes share parts where their words' Bhattacharyya coefficient is above 1 less this."""


def group_classes(points: Points, labels: Sequence[str], seed: int = 0) -> list[tuple[str, ...]]:
    """Sort the classes of I images into groups that share parts; the largest group first.

    The points' looks are clustered into words, and each class is the histogram of its words.
    Classes of fewer than ``FEWEST`` images join the class that they are most like; where no class
    has as many, all are one group.
    """
    known = int(points.known.sum())
    counts = Counter(labels)
    judged = sorted(label for label in counts if counts[label] >= FEWEST)
    if len(judged) < 2 or known < 2 * WORDS:
        return [tuple(sorted(counts))]
    centers = k_means(points.descriptors[points.known], WORDS, seed)
    words = (points.descriptors @ centers.T).argmax(axis=2)
    classes = np.array(labels)
    likeness = {label: _histogram(words, points.known, classes == label) for label in counts}
    roots = np.sqrt(np.stack([likeness[label] for label in judged]))
    tree = linkage(roots_apart(roots), method="average")
    numbers = fcluster(tree, t=APART, criterion="distance")
    group_of = {label: int(number) for label, number in zip(judged, numbers, strict=True)}
    for label in sorted(counts.keys() - group_of.keys()):
        nearest = int((roots @ np.sqrt(likeness[label])).argmax())
        group_of[label] = group_of[judged[nearest]]
    groups = [
        tuple(sorted(label for label in group_of if group_of[label] == number))
        for number in sorted(set(group_of.values()))
    ]
    return sorted(groups, key=lambda group: (-sum(counts[label] for label in group), group))


def roots_apart(roots: Floats) -> Floats:
    """Return condensed distances, 1 less the Bhattacharyya coefficient, of square roots (C,W)."""
    apart = 1 - np.clip(roots @ roots.T, 0, 1)
    upper: Floats = apart[np.triu_indices(len(roots), 1)]
    return upper


def _histogram(
    words: NDArray[np.int64], known: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> Floats:
    counted = np.bincount(words[rows][known[rows]], minlength=WORDS) + 0.5
    shares: Floats = counted / counted.sum()
    return shares

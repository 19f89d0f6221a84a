"""Detecting in photographs and in their warps, gnomon beside what a user could take instead."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from gnomon.detector import Detector
from gnomon.evaluation.methods import GNOMON, keeping_all
from gnomon.evaluation.repeatability import (
    Again,
    Finder,
    Repeatability,
    best_apart,
    found_again,
    rivals,
    summarize,
)
from gnomon.evaluation.warps import WARPS, Rgb
from gnomon.types import Keypoints


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A photograph and its warp (h,w,3), the best points of both, and how they meet."""

    picture: Rgb
    warped: Rgb
    points: Keypoints
    others: Keypoints
    again: Again


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """A row for each kind of warp and method, over so many photographs, and one of them seen."""

    rows: tuple[Repeatability, ...]
    photographs: int
    seen: Seen | None


class Repeating:
    """Gathers pairs, photograph by photograph: some similarities, and one of each other warp."""

    def __init__(self, detector: Detector, *, similarities: int = 2, seed: int = 0) -> None:
        self._seed = seed
        self._kinds = {name: similarities if name == "similarity" else 1 for name in WARPS}
        self._finders = finders(detector, seed)
        self._pairs: dict[tuple[str, str], list[Again]] = defaultdict(list)
        self._photographs = 0
        self._seen: Seen | None = None

    def add(self, rgb: Rgb) -> None:
        """Warp a photograph (h,w,3) and detect in it and all its warps; ``GnomonError`` as that."""
        random = np.random.default_rng([self._seed, self._photographs])
        size = (rgb.shape[1], rgb.shape[0])
        warps = [
            WARPS[name](size, random) for name, count in self._kinds.items() for _ in range(count)
        ]
        before = {name: find(rgb) for name, find in self._finders.items()}
        found: list[tuple[str, str, Again]] = []
        seen: Seen | None = None
        for warp in warps:
            warped = warp.picture(rgb)
            for name, find in self._finders.items():
                after = find(warped)
                again = found_again(before[name], after, warp, size)
                found.append((warp.name, name, again))
                if name == GNOMON and seen is None:
                    mine, theirs = best_apart(before[name]), best_apart(after)
                    seen = Seen(rgb, warped, mine, theirs, again)
        for kind, name, again in found:
            self._pairs[kind, name].append(again)
        self._photographs += 1
        self._seen = self._seen or seen

    def result(self) -> Repeated:
        """Sum up what was added."""
        rows = [summarize(name, kind, pairs) for (kind, name), pairs in self._pairs.items()]
        return Repeated(tuple(rows), self._photographs, self._seen)


def finders(detector: Detector, seed: int) -> dict[str, Finder]:
    """Name the detector, keeping every candidate, and its rivals."""
    wide = keeping_all(detector)

    def gnomon(rgb: Rgb) -> Keypoints:
        return wide(rgb).keypoints

    return {GNOMON: gnomon, **rivals(seed)}

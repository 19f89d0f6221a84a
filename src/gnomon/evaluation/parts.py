"""How consistently parts found without labels name the annotated ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.datasets.sample import Sample
from gnomon.errors import SettingError
from gnomon.extras import library
from gnomon.types import Floats

NEAR = 0.1
SIDES = re.compile(r"(?:^|(?<=[ _]))(?:left|right)[ _]|[ _](?:left|right)$")
COMPARING = "comparing parts"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two namings of ``points`` points are.

    ``purity`` is the share of points whose part's commonest annotated part is their own;
    ``nmi`` and ``ami`` the normalized and the adjusted mutual information.
    """

    points: int
    purity: float
    nmi: float
    ami: float


@dataclass(frozen=True, slots=True)
class Consistency:
    """Part ids against the nearest annotated part, left and right counted as one.

    Of ``keypoints`` keypoints, those that were given a part are counted: ``parts`` all of them,
    ``parts_near`` those within ``NEAR`` of the object's size of an annotated part (inside its
    outline, where there are any). ``position`` and ``position_near`` are the same points clustered
    by their place in the object's box alone, into as many clusters.
    """

    images: int
    keypoints: int
    parts: Agreement
    parts_near: Agreement
    position: Agreement
    position_near: Agreement


def consistency(
    samples: Sequence[Sample], keypoints: Sequence[Floats], parts: Sequence[NDArray[np.int64]]
) -> Consistency:
    """Measure the ``parts`` (N,), -1 for none, of each sample's ``keypoints`` (N,2), file pixels.

    Samples without annotation are left out; ``SettingError`` where no keypoint has a part, or
    scikit-learn is not there.
    """
    ids: list[NDArray[np.int64]] = []
    names: list[NDArray[np.str_]] = []
    near: list[NDArray[np.bool_]] = []
    places: list[Floats] = []
    images = total = 0
    for sample, xy, part in zip(samples, keypoints, parts, strict=True):
        if sample.landmarks is None or not sample.landmarks.visible.any():
            continue
        images, total = images + 1, total + len(xy)
        xy, part = xy[part >= 0], part[part >= 0]
        name, close = annotated_part(sample, xy)
        ids.append(part)
        names.append(name)
        near.append(close)
        box = sample.boxes[0] if len(sample.boxes) else np.array([0, 0, 1, 1])
        places.append((xy - box[:2]) / np.maximum(box[2:], 1))
    if not ids or not any(map(len, ids)):
        raise SettingError("no keypoint has a part; find parts with `gnomon parts RUN` first")
    part, name, close = np.concatenate(ids), np.concatenate(names), np.concatenate(near)
    by_place = _clusters(np.concatenate(places), len(np.unique(part)))
    return Consistency(
        images=images,
        keypoints=total,
        parts=agreement(part, name),
        parts_near=agreement(part[close], name[close]),
        position=agreement(by_place, name),
        position_near=agreement(by_place[close], name[close]),
    )


def annotated_part(sample: Sample, xy: Floats) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Name the annotated part of points (N,2), and say (N,) which of them are near it.

    The smallest outline that holds a point, else the nearest visible landmark.
    """
    landmarks = sample.landmarks
    assert landmarks is not None
    away = landmarks.distances(xy)
    seen = [
        one_side(name)
        for name, visible in zip(landmarks.names, landmarks.visible, strict=True)
        if visible
    ]
    names = np.array(seen)[away.argmin(axis=1)] if len(xy) else np.empty(0, np.str_)
    near = away.min(axis=1, initial=np.inf) <= NEAR
    if sample.polygons:
        near = np.zeros(len(xy), dtype=np.bool_)
        names = names.astype(object)
        for polygon in sorted(sample.polygons, key=lambda one: -one.area):
            inside = polygon.contains(xy)
            names[inside] = one_side(polygon.name)
            near |= inside
    return names.astype(np.str_), near


def one_side(name: str) -> str:
    """Take left and right out of a part's name.

    >>> one_side("left wing"), one_side("front_right_light"), one_side("copyright")
    ('wing', 'front_light', 'copyright')
    """
    return SIDES.sub("", name)


def agreement(part: NDArray[np.int64], name: NDArray[np.str_]) -> Agreement:
    """Compare part ids (N,) with names (N,)."""
    metrics = library("sklearn.metrics", "parts", COMPARING)
    if len(part) == 0:
        return Agreement(0, float("nan"), float("nan"), float("nan"))
    _, rows = np.unique(part, return_inverse=True)
    _, columns = np.unique(name, return_inverse=True)
    together = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(together, (rows, columns), 1)
    return Agreement(
        points=len(part),
        purity=float(together.max(axis=1).sum() / len(part)),
        nmi=float(metrics.normalized_mutual_info_score(columns, rows)),
        ami=float(metrics.adjusted_mutual_info_score(columns, rows)),
    )


def _clusters(places: Floats, count: int) -> NDArray[np.int64]:
    cluster = library("sklearn.cluster", "parts", COMPARING)
    means = cluster.KMeans(count, n_init=10, random_state=0)
    found: NDArray[np.int64] = means.fit_predict(places)
    return found

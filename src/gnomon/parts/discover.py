"""Parts of a run's keypoints, found without a label."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from gnomon.arguments import checked
from gnomon.classifier import Classifier
from gnomon.errors import SettingError
from gnomon.parts.features import FeatureMaps
from gnomon.parts.gather import Gathered, gather
from gnomon.parts.groups import group_classes
from gnomon.parts.layout import Layout
from gnomon.parts.learn import learn, learn_on, posed, without_unshown
from gnomon.parts.model import Group, PartModel
from gnomon.parts.stability import choose_count
from gnomon.parts.traits import expected, mirror, quantiles, repeats, twins
from gnomon.runs import Run
from gnomon.runs.photographs import Photographs

Stage = Callable[[str, float, int], None]
Start = Layout | int | Literal["auto"]
"""An earlier layout, or how many parts to find."""


@checked
def discover_parts(
    run: Run,
    classifier: Classifier,
    parts: int | Literal["auto"] = "auto",
    *,
    seed: int = 0,
    before: PartModel | None = None,
    progress: Stage = lambda stage, done, total: None,
    photographs: Photographs | None = None,
) -> PartModel:
    """Learn what the run's keypoints show, by what they look like to ``classifier``.

    ``parts`` is how many to find, for each group of classes that share parts; ``"auto"``: as many
    as two halves of the images agree on, less those that no point shows. Where a model ``before``
    has as many, or ``"auto"``, and its groups are these, its parts are learnt anew and keep their
    ids and names. ``progress`` hears of each stage. ``RunError`` where no image can be used,
    ``SettingError`` where there are fewer points than parts.
    """
    features = FeatureMaps(classifier)
    if before is not None and (before.weights_sha256, before.layers) != (
        classifier.weights_sha256,
        features.layers,
    ):
        before = None
    found = gather(
        run,
        classifier,
        features,
        lambda now, all_: progress("images", now, all_),
        space=None if before is None else before.space,
        photographs=photographs,
    )
    classes = group_classes(found.points, found.labels, seed)
    starts = None if before is None else _starts(before, classes, parts)
    begun: Sequence[tuple[tuple[str, ...], Start]] = starts or [(one, parts) for one in classes]
    groups: list[Group] = []
    for number, (labels, start) in enumerate(begun):
        first = sum(map(len, groups))
        groups.append(_group(found, labels, first, start, seed))
        progress("groups of classes", number + 1, len(classes))
    count = sum(map(len, groups))
    fresh = tuple(f"part {part}" for part in range(count))
    return PartModel(
        classifier=classifier.name,
        weights_sha256=classifier.weights_sha256,
        layers=features.layers,
        space=found.space,
        groups=tuple(groups),
        names=fresh if before is None or starts is None else before.names,
    )


def _starts(
    before: PartModel, classes: list[tuple[str, ...]], parts: int | Literal["auto"]
) -> list[tuple[tuple[str, ...], Layout]] | None:
    """Pair groups of classes with the earlier model's, in its order; ``None`` for other groups."""
    old = before.groups
    shared = np.array([[len({*new} & {*one.labels}) for one in old] for new in classes])
    rows, columns = linear_sum_assignment(-shared)
    as_many = parts == "auto" or all(len(one) == parts for one in old)
    if not as_many or len(classes) != len(old) or not shared[rows, columns].all():
        return None
    paired = sorted(zip(columns, rows, strict=True))
    return [(classes[row], old[column].layout) for column, row in paired]


def _group(
    found: Gathered,
    labels: tuple[str, ...],
    first: int,
    start: Start,
    seed: int,
) -> Group:
    mine = np.flatnonzero(np.isin(found.labels, labels))
    points = found.points.take(mine)
    classes = [found.labels[row] for row in mine]
    if isinstance(start, Layout):
        layout = learn_on(points, start)
    else:
        count = choose_count(points, seed) if start == "auto" else start
        if not 1 <= count <= points.known.sum():
            raise SettingError(
                f"{count} parts cannot be learnt from the {points.known.sum()} keypoints of"
                f" {', '.join(labels[:3])}; ask for fewer, or detect in more images"
            )
        layout = learn(points, count, seed)
        if start == "auto":
            layout = without_unshown(layout, points)
    match, pose = posed(layout, points)
    shares = layout.shares(match)
    seen = np.isin(found.rows, mine)
    here = np.searchsorted(mine, found.rows[seen])
    reflected = mirror(points.take(here), found.mirrored[seen])
    match_mirrored, _ = posed(layout, reflected)
    return Group(
        labels=labels,
        first=first,
        layout=layout,
        quantiles=quantiles(match, shares, points.known),
        expected=expected(shares, points.known, classes, labels),
        repeats=repeats(layout, shares, pose.place(points.places), points.known),
        twins=twins(shares[here], layout.shares(match_mirrored), reflected.known),
    )

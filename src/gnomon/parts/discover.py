"""Parts of a run's keypoints, found without a label."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from gnomon.classifier import Classifier
from gnomon.errors import SettingError
from gnomon.parts.features import FeatureMaps
from gnomon.parts.gather import Gathered, gather
from gnomon.parts.groups import group_classes
from gnomon.parts.learn import learn, posed
from gnomon.parts.model import Group, PartModel
from gnomon.parts.stability import choose_count
from gnomon.parts.traits import expected, mirror, quantiles, repeats, twins
from gnomon.runs import Run

Stage = Callable[[str, float, int], None]


def discover_parts(
    run: Run,
    classifier: Classifier,
    parts: int | Literal["auto"] = "auto",
    *,
    seed: int = 0,
    before: PartModel | None = None,
    progress: Stage = lambda stage, done, total: None,
) -> PartModel:
    """Learn what the run's keypoints show, by what they look like to ``classifier``.

    ``parts`` is how many to find, for each group of classes that share parts; ``"auto"``: as many
    as two halves of the images agree on. Parts keep the ids and names of the model ``before`` where
    they are the same. ``progress`` hears of each stage. ``RunError`` where no image can be used,
    ``SettingError`` where there are fewer points than parts.
    """
    features = FeatureMaps(classifier)
    found = gather(run, classifier, features, lambda now, all_: progress("images", now, all_))
    classes = group_classes(found.points, found.labels, seed)
    groups: list[Group] = []
    for number, labels in enumerate(classes):
        first = sum(map(len, groups))
        groups.append(_group(found, labels, first, parts, seed))
        progress("groups of classes", number + 1, len(classes))
    count = sum(map(len, groups))
    model = PartModel(
        classifier=classifier.name,
        weights_sha256=classifier.weights_sha256,
        layers=features.layers,
        space=found.space,
        groups=tuple(groups),
        names=tuple(f"part {part}" for part in range(count)),
    )
    return model if before is None else _as_before(model, before)


def _group(
    found: Gathered, labels: tuple[str, ...], first: int, parts: int | Literal["auto"], seed: int
) -> Group:
    mine = np.flatnonzero(np.isin(found.labels, labels))
    points = found.points.take(mine)
    classes = [found.labels[row] for row in mine]
    count = choose_count(points, seed) if parts == "auto" else parts
    if not 1 <= count <= points.known.sum():
        raise SettingError(
            f"{count} parts cannot be learnt from the {points.known.sum()} keypoints of"
            f" {', '.join(labels[:3])}; ask for fewer, or detect in more images"
        )
    layout = learn(points, count, seed)
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


def _as_before(model: PartModel, before: PartModel) -> PartModel:
    """Order the parts of each group as in an earlier model, matched by their looks."""
    if (
        model.weights_sha256 != before.weights_sha256
        or model.layers != before.layers
        or [len(one) for one in model.groups] != [len(one) for one in before.groups]
    ):
        return model
    groups = tuple(
        _ordered(new, old, model, before)
        for new, old in zip(model.groups, before.groups, strict=True)
    )
    return replace(model, groups=groups, names=before.names)


def _ordered(new: Group, old: Group, model: PartModel, before: PartModel) -> Group:
    mine, theirs = new.layout, old.layout
    if model.space.axes.shape[1] or before.space.axes.shape[1]:
        looks = (mine.centres @ model.space.axes.T) @ (theirs.centres @ before.space.axes.T).T
    else:
        looks = mine.centres @ theirs.centres.T
    _, order = linear_sum_assignment(-looks.T)
    place = np.argsort(order)
    return replace(
        new,
        layout=mine.ordered(order),
        quantiles=new.quantiles[order],
        expected=new.expected[:, order],
        repeats=new.repeats[order],
        twins=np.where(new.twins[order] < 0, -1, place[new.twins[order]]),
    )

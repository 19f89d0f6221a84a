"""How windows spread along each axis, and which positions share one region size a layer."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from torch import fx

from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.classes import choose_classes
from gnomon.occlusion.incremental.cost import carried_cost
from gnomon.occlusion.incremental.machine import Machine
from gnomon.occlusion.incremental.refusal import blamed
from gnomon.occlusion.incremental.regions import Ints, Span
from gnomon.occlusion.incremental.rules.rule import Rule


@dataclass(frozen=True, eq=False)
class Axis:
    """The windows' distinct positions along one axis, and how each spreads through the steps.

    ``classes`` are the positions' indices, class by class.
    """

    positions: Ints
    spans: dict[fx.Node, Span]
    classes: list[Ints]

    def find(self, positions: Ints) -> Ints:
        """Return the index of each position."""
        return np.searchsorted(self.positions, positions)


def make_axes(steps: list[Step], windows: Ints, patch: int) -> tuple[Axis, Axis]:
    """Follow the windows (N,2) down and across; classes are chosen later."""
    (down, across) = (_follow(steps, axis, windows, patch) for axis in (0, 1))
    return down, across


def fitted(steps: list[Step], down: Axis, across: Axis, windows: Ints) -> list[Step]:
    """Let each step's rule suit the windows' regions."""
    y, x = down.find(windows[:, 0]), across.find(windows[:, 1])

    def fit(step: Step, rule: Rule) -> Step:
        heights, widths = down.spans[step.node].size[y], across.spans[step.node].size[x]
        sizes = Counter(zip(heights.tolist(), widths.tolist(), strict=True))
        with blamed(step.node, rule):
            return replace(step, rule=rule.fitted(sizes))

    return [fit(step, step.rule) if isinstance(step.rule, Rule) else step for step in steps]


def classified(
    steps: list[Step], down: Axis, across: Axis, images: int, windows: Ints, machine: Machine
) -> tuple[Axis, Axis]:
    """Choose the classes of both axes for the windows of so many images."""
    (tall, wide) = (
        {node: float(span.size.mean()) for node, span in axis.spans.items()}
        for axis in (down, across)
    )
    return (
        _classify(steps, down, wide, images, windows[:, 0], machine),
        _classify(steps, across, tall, images, windows[:, 1], machine),
    )


def _follow(steps: list[Step], axis: int, windows: Ints, patch: int) -> Axis:
    positions = np.unique(windows[:, axis])
    spans: dict[fx.Node, Span] = {}
    for step in steps:
        if step.kind == "input":
            spans[step.node] = Span(positions, positions + patch, step.map_size[axis])
        elif isinstance(step.rule, Rule):
            with blamed(step.node, step.rule):
                spans[step.node] = step.rule.spread(axis, [spans[s] for s in step.sources])
    return Axis(positions, spans, [])


def _classify(
    steps: list[Step],
    axis: Axis,
    other: dict[fx.Node, float],
    images: int,
    positions: Ints,
    machine: Machine,
) -> Axis:
    """Choose the classes of one axis, the other at its mean sizes."""
    by_node = {step.node: step for step in steps}
    carried = [(step, step.rule) for step in steps if isinstance(step.rule, Rule)]
    if not carried:
        return replace(axis, classes=[np.arange(len(axis.positions))])
    costs, sizes, weights = [], [], 0.0
    for step, rule in carried:
        (height, width) = step.map_size
        whole = carried_cost(step, [by_node[s] for s in step.sources], height, width)
        costs.append(whole.seconds(machine) / (height * width) * other[step.node])
        with blamed(step.node, rule):
            sizes.append(rule.worked(axis.spans[step.node].size))
        weights += rule.weight_moves * step.dense_multiply_adds / (height * width)
    (_, counts) = np.unique(positions, return_counts=True)
    # One more class means some four more groups: in each, a dozen small calls a step, and weights,
    # as many as a place's multiply-adds, moved anew.
    overhead = 4 * (12 * len(carried) * machine.call + weights * machine.value)
    windows = images * counts
    classes = choose_classes(np.stack(sizes, axis=1), np.array(costs), windows, overhead)
    return replace(axis, classes=classes)

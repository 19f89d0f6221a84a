"""How windows spread along each axis, and which positions share one region size a layer."""

from dataclasses import dataclass

import numpy as np
from torch import fx

from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.classes import choose_classes
from gnomon.occlusion.incremental.cost import Machine, carried_cost
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


def make_axes(steps: list[Step], windows: Ints, patch: int, machine: Machine) -> tuple[Axis, Axis]:
    """Follow the windows (N,2) down and across, and choose the classes of both."""
    (down, across) = (_follow(steps, axis, windows, patch) for axis in (0, 1))
    (tall, wide) = (
        {node: float(span.size.mean()) for node, span in axis.spans.items()}
        for axis in (down, across)
    )
    return (
        _classify(steps, down, wide, windows[:, 0], machine),
        _classify(steps, across, tall, windows[:, 1], machine),
    )


def _follow(steps: list[Step], axis: int, windows: Ints, patch: int) -> Axis:
    positions = np.unique(windows[:, axis])
    spans: dict[fx.Node, Span] = {}
    for step in steps:
        if step.kind == "input":
            spans[step.node] = Span(positions, positions + patch, step.map_size[axis])
        elif isinstance(step.rule, Rule):
            spans[step.node] = step.rule.spread(axis, [spans[s] for s in step.sources])
    return Axis(positions, spans, [])


def _classify(
    steps: list[Step],
    axis: Axis,
    other: dict[fx.Node, float],
    positions: Ints,
    machine: Machine,
) -> Axis:
    """Choose the classes of one axis, the other at its mean sizes."""
    by_node = {step.node: step for step in steps}
    carried = [step for step in steps if step.kind == "carried"]
    if not carried:
        return Axis(axis.positions, axis.spans, [np.arange(len(axis.positions))])
    costs = []
    for step in carried:
        (height, width) = step.map_size
        whole = carried_cost(step, [by_node[s] for s in step.sources], height, width)
        costs.append(whole.seconds(machine) / (height * width) * other[step.node])
    spans = [axis.spans[step.node] for step in carried]
    (_, counts) = np.unique(positions, return_counts=True)
    # One more class means some four more groups: in each, a dozen small calls a step, and weights,
    # as many as a place's multiply-adds, read and laid out anew.
    weights = sum(s.dense_multiply_adds // (s.map_size[0] * s.map_size[1]) for s in carried)
    overhead = 4 * (12 * len(carried) * machine.call + 2 * weights * machine.value)
    classes = choose_classes(spans, np.array(costs), counts, overhead)
    return Axis(axis.positions, axis.spans, classes)

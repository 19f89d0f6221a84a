"""All that is fixed for an image size and its windows before the first pixel is seen."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.axes import Axis, classified, fitted, make_axes
from gnomon.occlusion.incremental.groups import Group, GroupPlanner
from gnomon.occlusion.incremental.machine import Machine
from gnomon.occlusion.incremental.regions import Ints
from gnomon.occlusion.incremental.rules.collapse import FlatLinear
from gnomon.occlusion.incremental.rules.local import Local
from gnomon.occlusion.incremental.rules.rule import Collapse, Rule
from gnomon.occlusion.incremental.rules.sliding import Sliding

LIGHT_VALUES = 1 << 14


@dataclass(frozen=True, eq=False)
class Schedule:
    """The steps, the groups of all images' windows, and what batches read of the clean images.

    ``steps[:body]`` run batch by batch, the light rest for all windows at once. ``read`` says which
    sources of a step are read from the clean map, ``pasted`` whose whole clean map is.
    """

    steps: list[Step]
    images: int
    body: int
    groups: list[Group]
    read: dict[fx.Node, tuple[bool, ...]]
    pasted: frozenset[fx.Node]
    ideal_multiply_adds: int

    @cached_property
    def handed_over(self) -> list[fx.Node]:
        """What the light rest reads of the body."""
        return _handed_over(self.steps, self.body)

    @cached_property
    def sizes_handed_over(self) -> list[fx.Node]:
        """The sizes of the body that the light rest reads, anew for all its windows."""
        sizes = read_from_shapes(self.steps)
        made = {step.node for step in self.steps[: self.body]}
        read = (node for step in self.steps[self.body :] for node in step.reads)
        return [node for node in dict.fromkeys(read) if node in sizes and node in made]

    @cached_property
    def overwriting(self) -> dict[fx.Node, int]:
        """The steps that may write over a source's values, and over which.

        These were made for them alone, by a sliding window or in place.
        """
        readers = Counter(source for step in self.steps for source in step.reads)
        made = {step.node for step in self.steps if isinstance(step.rule, Sliding)}
        overwriting: dict[fx.Node, int] = {}
        for step in self.steps:
            if isinstance(step.rule, Local) and step.rule.in_place is not None:
                for number, source in enumerate(step.sources):
                    if source in made and readers[source] == 1:
                        overwriting[step.node] = number
                        made.add(step.node)
        return overwriting

    @cached_property
    def clean_steps(self) -> int:
        """How many steps the clean images must go through."""
        needed = [
            index
            for index, step in enumerate(self.steps)
            if any(self.read[step.node]) or step.node in self.pasted
        ]
        return max(needed, default=-1) + 1

    @property
    def windows(self) -> int:
        """How many windows there are, those of all images together."""
        return sum(group.windows for group in self.groups)

    @property
    def multiply_adds(self) -> int:
        """What the clean images and all windows take, by the plan."""
        clean = sum(step.dense_multiply_adds for step in self.steps[: self.clean_steps])
        return self.images * clean + round(
            sum(g.windows * cost.multiply_adds for g in self.groups for cost in g.costs)
        )

    @property
    def dense_multiply_adds(self) -> int:
        """What one forward pass for each window takes."""
        return self.windows * sum(s.dense_multiply_adds for s in self.steps)


def make_schedule(
    steps: list[Step],
    images: int,
    windows: Ints,
    patch: int,
    machine: Machine,
    device: torch.device,
    item_size: int,
) -> Schedule:
    """Plan the work for ``windows`` (N,2) of each image, the same whatever their order."""
    (down, across) = make_axes(steps, windows, patch)
    steps = fitted(steps, down, across, windows)
    (down, across) = classified(steps, down, across, images, windows, machine)
    planner = GroupPlanner(steps, images, machine, device, item_size)

    def plan(is_dense: bool) -> list[Group]:
        groups = [
            planner.group(down, across, rows, columns, windows, is_dense)
            for rows in down.classes
            for columns in across.classes
        ]
        return [group for group in groups if group.batches]

    groups = plan(is_dense=False)
    # A clean image costs as much as one window; few windows do not earn it.
    dense_seconds = images * len(windows) * planner.whole_seconds
    if sum(g.seconds for g in groups) + images * planner.whole_seconds > dense_seconds:
        groups = plan(is_dense=True)
    read, pasted = _clean_needs(steps, groups)
    ideal = images * _ideal(steps, down, across, windows)
    return Schedule(steps, images, _body(steps), groups, read, pasted, ideal)


def _body(steps: list[Step]) -> int:
    """Where the rest is light: few values a window, without a place in the image.

    All that it reads has one row for each window, so that batches can be joined.
    """
    first = len(steps)
    for index in range(len(steps) - 1, -1, -1):
        step = steps[index]
        light = step.kind in ("constant", "number") or isinstance(step.rule, FlatLinear)
        if step.kind == "whole":
            light = not step.sources and int(np.prod(step.shape)) <= LIGHT_VALUES
        if not light:
            break
        first = index
    by_node = {step.node: step for step in steps}
    linear = {step.sources[0] for step in steps if isinstance(step.rule, FlatLinear)}

    def is_joined(node: fx.Node) -> bool:
        return node in linear or (
            by_node[node].kind in ("whole", "collapsed") and by_node[node].shape[:1] == (1,)
        )

    while not all(map(is_joined, _handed_over(steps, first))):
        first += 1
    return first


def _handed_over(steps: list[Step], body: int) -> list[fx.Node]:
    sizes = read_from_shapes(steps)
    made = {step.node for step in steps[:body] if step.kind != "constant"} - sizes
    # A flattened map is read as the region that it came from, and sizes are read anew.
    read = [
        node
        for step in steps[body:]
        if step.node not in sizes
        for node in (step.sources if isinstance(step.rule, FlatLinear) else step.reads)
    ]
    return [node for node in dict.fromkeys(read) if node in made]


def read_from_shapes(steps: list[Step]) -> frozenset[fx.Node]:
    """Find the numbers that follow from the shapes of regions, and from nothing else."""
    shaped = {step.node for step in steps if step.kind in ("input", "carried", "constant", "alias")}
    found: set[fx.Node] = set()
    for step in steps:
        if step.kind == "number" and shaped.issuperset(step.node.all_input_nodes):
            found.add(step.node)
            shaped.add(step.node)
    return frozenset(found)


def _clean_needs(
    steps: list[Step], groups: list[Group]
) -> tuple[dict[fx.Node, tuple[bool, ...]], frozenset[fx.Node]]:
    """Find what some group reads from the clean maps, and the nodes whose whole map it reads.

    A region that is a whole map needs no clean one.
    """
    maps = {step.node: step.map_size for step in steps if step.axes}
    read: dict[fx.Node, tuple[bool, ...]] = {}
    pasted: set[fx.Node] = set()
    for index, step in enumerate(steps):
        needed = [False] * len(step.sources)
        for group in groups:
            for number, source in enumerate(step.sources):
                is_part = group.sizes[source] != maps[source]
                if step.kind == "whole" or (step.kind == "carried" and index >= group.cut):
                    pasted |= {source} if is_part else set()
                elif isinstance(step.rule, Rule):
                    places = group.batches[0].places
                    moves = step.rule.moves or not places[source].same(places[step.node])
                    needed[number] |= moves
                elif isinstance(step.rule, Collapse):
                    needed[number] |= is_part
        read[step.node] = tuple(needed)
    return read, frozenset(pasted)


def _ideal(steps: list[Step], down: Axis, across: Axis, windows: Ints) -> int:
    """Multiply-adds if each window had its own sizes and nothing were done whole but must be."""
    y, x = down.find(windows[:, 0]), across.find(windows[:, 1])
    total = 0.0
    for step in steps:
        source = step.node if step.kind == "carried" else None
        if isinstance(step.rule, FlatLinear):
            source = step.sources[0]
        if source is None:
            total += step.dense_multiply_adds * len(windows)
            continue
        (vertical, horizontal) = (down.spans[source], across.spans[source])
        share: NDArray[np.float64] = (
            vertical.size[y] * horizontal.size[x] / (vertical.length * horizontal.length)
        )
        total += step.dense_multiply_adds * float(share.sum())
    return round(total)

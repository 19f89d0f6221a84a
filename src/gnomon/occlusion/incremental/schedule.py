"""Windows sorted into groups and batches that carry equally large regions through every step."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import fx

from gnomon.occlusion.incremental.analysis import Step, last_reads
from gnomon.occlusion.incremental.classes import Floats, choose_classes
from gnomon.occlusion.incremental.cost import Cost, Machine, carried_cost, dense_cost
from gnomon.occlusion.incremental.regions import Ints, Place, Span
from gnomon.occlusion.incremental.rules.collapse import FlatLinear
from gnomon.occlusion.incremental.rules.rule import Collapse, Rule

BATCH = {"cpu": 64, "cuda": 512}
BATCH_BYTES = {"cpu": 256 << 20, "cuda": 4 << 30}
LIGHT_VALUES = 1 << 14


@dataclass(frozen=True, eq=False)
class Axis:
    """The windows' distinct positions along one axis, and how each spreads through the steps."""

    positions: Ints
    spans: dict[fx.Node, Span]
    classes: list[Ints]


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows that run together: rows of the caller's order, and a place for each carried node."""

    rows: Ints
    places: dict[fx.Node, Place]


@dataclass(frozen=True, eq=False)
class Group:
    """Windows of one class an axis: their batches, and the step from which maps are whole."""

    sizes: dict[fx.Node, tuple[int, int]]
    cut: int
    costs: list[Cost]
    batches: list[Batch]

    @property
    def windows(self) -> int:
        """How many windows the group has."""
        return sum(len(batch.rows) for batch in self.batches)


@dataclass(frozen=True, eq=False)
class Schedule:
    """All that is fixed before the first pixel is seen.

    ``steps[:body]`` run batch by batch, the light rest for all windows at once. ``read`` says which
    sources of a step are read from the clean map, ``pasted`` whose whole clean map is.
    """

    steps: list[Step]
    body: int
    groups: list[Group]
    read: dict[fx.Node, tuple[bool, ...]]
    pasted: frozenset[fx.Node]
    ideal_multiply_adds: int

    @cached_property
    def handed_over(self) -> list[fx.Node]:
        """What the light rest reads of the body."""
        made = {step.node for step in self.steps[: self.body] if step.kind != "constant"}
        rest = (step for step in self.steps[self.body :])
        # A flattened map is read as the region that it came from.
        read = [
            node
            for step in rest
            for node in (step.sources if isinstance(step.rule, FlatLinear) else step.reads)
        ]
        return [node for node in dict.fromkeys(read) if node in made]

    @property
    def multiply_adds(self) -> int:
        """What all windows take, by the plan, the clean image aside."""
        return round(sum(g.windows * cost.multiply_adds for g in self.groups for cost in g.costs))

    @property
    def dense_multiply_adds(self) -> int:
        """What one forward pass for each window takes."""
        return sum(g.windows for g in self.groups) * sum(s.dense_multiply_adds for s in self.steps)


def make_schedule(
    steps: list[Step],
    windows: Ints,
    patch: int,
    machine: Machine,
    device: torch.device,
    item_size: int,
) -> Schedule:
    """Plan the work for ``windows`` (N,2), the same whatever their order."""
    by_node = {step.node: step for step in steps}
    (down, across) = (_axis(steps, axis, windows, patch) for axis in (0, 1))
    means = [_mean_sizes(axis) for axis in (down, across)]
    (down, across) = (
        _classify(steps, by_node, axis, means[1 - index], windows[:, index], machine)
        for index, axis in enumerate((down, across))
    )
    body = _body(steps)
    planner = _Planner(steps, by_node, body, machine, device, item_size)
    groups = [
        planner.group(down, across, rows, columns, windows)
        for rows in down.classes
        for columns in across.classes
    ]
    groups = [group for group in groups if group.batches]
    read, pasted = _clean_needs(steps, groups)
    return Schedule(steps, body, groups, read, pasted, _ideal(steps, down, across, windows))


def _axis(steps: list[Step], axis: int, windows: Ints, patch: int) -> Axis:
    positions = np.unique(windows[:, axis])
    spans: dict[fx.Node, Span] = {}
    for step in steps:
        if step.kind == "input":
            spans[step.node] = Span(positions, positions + patch, step.map_size[axis])
        elif isinstance(step.rule, Rule):
            spans[step.node] = step.rule.spread(axis, [spans[s] for s in step.sources])
    return Axis(positions, spans, [])


def _mean_sizes(axis: Axis) -> dict[fx.Node, float]:
    return {node: float(span.size.mean()) for node, span in axis.spans.items()}


def _classify(
    steps: list[Step],
    by_node: dict[fx.Node, Step],
    axis: Axis,
    other: dict[fx.Node, float],
    positions: Ints,
    machine: Machine,
) -> Axis:
    """Choose the classes of one axis, the other at its mean sizes."""
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
    overhead = len(carried) * machine.call * 3
    classes = choose_classes(spans, np.array(costs), counts, overhead)
    return Axis(axis.positions, axis.spans, classes)


def _body(steps: list[Step]) -> int:
    """Where the rest is light: few values a window, without a place in the image."""
    first = len(steps)
    for index in range(len(steps) - 1, -1, -1):
        step = steps[index]
        light = step.kind in ("constant", "number") or isinstance(step.rule, FlatLinear)
        if step.kind == "whole":
            light = not step.sources and int(np.prod(step.shape)) <= LIGHT_VALUES
        if not light:
            return first
        first = index
    return first


@dataclass(frozen=True)
class _Planner:
    steps: list[Step]
    by_node: dict[fx.Node, Step]
    body: int
    machine: Machine
    device: torch.device
    item_size: int

    def group(self, down: Axis, across: Axis, rows: Ints, columns: Ints, windows: Ints) -> Group:
        """Plan the windows whose positions are in one class of rows and one of columns."""
        (ys, xs) = (down.positions[rows], across.positions[columns])
        inside = np.isin(windows[:, 0], ys) & np.isin(windows[:, 1], xs)
        members = np.flatnonzero(inside)
        members = members[np.lexsort((windows[members, 1], windows[members, 0]))]
        sizes = {
            node: (int(span.size[rows].max()), int(across.spans[node].size[columns].max()))
            for node, span in down.spans.items()
        }
        cut, costs = self._cut(sizes)
        for step in self.steps[cut:]:
            if step.node in sizes and step.kind != "input":
                sizes[step.node] = step.map_size
        y_index = np.searchsorted(down.positions, windows[:, 0])
        x_index = np.searchsorted(across.positions, windows[:, 1])
        batches = [
            Batch(part, self._places(sizes, down, across, y_index[part], x_index[part]))
            for part in _split(members, self._batch_size(sizes))
        ]
        return Group(sizes, cut, costs, batches)

    def _sources(self, step: Step) -> list[Step]:
        return [self.by_node[node] for node in step.sources]

    def _step_cost(self, step: Step, sizes: dict[fx.Node, tuple[int, int]]) -> Cost:
        if step.kind == "carried":
            return carried_cost(step, self._sources(step), *sizes[step.node])
        if isinstance(step.rule, Collapse):
            (source,) = self._sources(step)
            (height, width) = sizes[source.node]
            share = height * width / float(np.prod(source.map_size))
            values = 3 * share * float(np.prod(source.shape))
            return Cost(step.dense_multiply_adds * share, values)
        if step.kind == "whole":
            cost = dense_cost(step, self._sources(step))
            pasted = sum(float(np.prod(source.shape)) for source in self._sources(step))
            return Cost(cost.multiply_adds, cost.values + 2 * pasted)
        return Cost(0.0, 0.0)

    def _cut(self, sizes: dict[fx.Node, tuple[int, int]]) -> tuple[int, list[Cost]]:
        """Find the step from which whole maps are cheaper than regions."""
        small = [self._step_cost(step, sizes) for step in self.steps]
        full_sizes = {step.node: step.map_size for step in self.steps if step.node in sizes}
        full = [self._step_cost(step, full_sizes) for step in self.steps]
        order = {step.node: index for index, step in enumerate(self.steps)}
        pastes = np.zeros(len(self.steps) + 1)
        for index, step in enumerate(self.steps):
            if sizes.get(step.node, ()) != full_sizes.get(step.node, ()):
                readers = [order[other.node] for other in self.steps if step.node in other.sources]
                # Cuts after this step and up to its last reader paste its region.
                count = float(np.prod(step.shape)) * self.machine.value
                pastes[index + 1 : max(readers, default=index) + 1] += 2 * count
        before = np.concatenate([[0.0], np.cumsum([c.seconds(self.machine) for c in small])])
        after = np.concatenate([[0.0], np.cumsum([c.seconds(self.machine) for c in full])])
        total = before + pastes + (after[-1] - after)
        cut = int(len(total) - 1 - total[::-1].argmin())
        return cut, [*small[:cut], *full[cut:]]

    def _places(
        self,
        sizes: dict[fx.Node, tuple[int, int]],
        down: Axis,
        across: Axis,
        rows: Ints,
        columns: Ints,
    ) -> dict[fx.Node, Place]:
        known: dict[tuple[int, int, int, int], Place] = {}
        places = {}
        for node, (height, width) in sizes.items():
            (vertical, horizontal) = (down.spans[node], across.spans[node])
            key = (id(vertical), id(horizontal), height, width)
            if key not in known:
                y = np.minimum(vertical.lo[rows], vertical.length - height)
                x = np.minimum(horizontal.lo[columns], horizontal.length - width)
                known[key] = Place(y, x, height, width, self.device)
            places[node] = known[key]
        return places

    def _batch_size(self, sizes: dict[fx.Node, tuple[int, int]]) -> int:
        """Bound the batch by the memory that its live values take."""
        freed = last_reads({step.node: step.reads for step in self.steps})
        (live, peak) = (0.0, 0.0)
        counts: dict[fx.Node, float] = {}
        for step in self.steps:
            values = float(np.prod(step.shape)) if step.kind not in ("constant", "number") else 0.0
            if step.node in sizes:
                (height, width) = sizes[step.node]
                values *= height * width / float(np.prod(step.map_size))
            counts[step.node] = values
            live += values
            peak = max(peak, live + self._step_cost(step, sizes).values)
            live -= sum(counts[source] for source in freed.get(step.node, []))
        device = self.device.type if self.device.type in BATCH else "cpu"
        fitting = int(BATCH_BYTES[device] / (peak * self.item_size))
        return max(1, min(BATCH[device], fitting))


def _split(members: Ints, size: int) -> Iterator[Ints]:
    """Cut into as few parts of at most ``size`` as there must be, nearly equal."""
    parts = -(-len(members) // size)
    return iter(np.array_split(members, parts)) if parts else iter(())


def _clean_needs(
    steps: list[Step], groups: list[Group]
) -> tuple[dict[fx.Node, tuple[bool, ...]], frozenset[fx.Node]]:
    read: dict[fx.Node, tuple[bool, ...]] = {}
    pasted: set[fx.Node] = set()
    for index, step in enumerate(steps):
        needed = [False] * len(step.sources)
        for group in groups:
            for number, source in enumerate(step.sources):
                if step.kind == "whole" or (step.kind == "carried" and index >= group.cut):
                    pasted.add(source)
                elif isinstance(step.rule, Rule):
                    places = group.batches[0].places
                    moves = step.rule.moves or not places[source].same(places[step.node])
                    needed[number] |= moves
                elif isinstance(step.rule, Collapse):
                    needed[number] = True
        read[step.node] = tuple(needed)
    return read, frozenset(pasted)


def _ideal(steps: list[Step], down: Axis, across: Axis, windows: Ints) -> int:
    """Multiply-adds if each window had its own sizes and nothing were done whole but must be."""
    y = np.searchsorted(down.positions, windows[:, 0])
    x = np.searchsorted(across.positions, windows[:, 1])
    total = 0.0
    for step in steps:
        source = step.node if step.kind == "carried" else None
        if isinstance(step.rule, FlatLinear):
            source = step.sources[0]
        if source is None:
            total += step.dense_multiply_adds * len(windows)
            continue
        (vertical, horizontal) = (down.spans[source], across.spans[source])
        share: Floats = (
            vertical.size[y] * horizontal.size[x] / (vertical.length * horizontal.length)
        )
        total += step.dense_multiply_adds * float(share.sum())
    return round(total)

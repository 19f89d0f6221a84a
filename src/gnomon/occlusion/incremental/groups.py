"""Windows that carry equally large regions through every step, and the batches they run in."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import fx

from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.axes import Axis
from gnomon.occlusion.incremental.cost import Cost, carried_cost, dense_cost
from gnomon.occlusion.incremental.machine import Machine
from gnomon.occlusion.incremental.nodes import last_reads
from gnomon.occlusion.incremental.refusal import blamed
from gnomon.occlusion.incremental.regions import Ints, Place
from gnomon.occlusion.incremental.rules.rule import Collapse
from gnomon.occlusion.incremental.rules.sliding import Sliding

BATCH = {"cpu": 64, "cuda": 512}
BATCH_BYTES = {"cpu": 128 << 20, "cuda": 4 << 30}


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows that run together, and a place for each carried node.

    ``rows`` count the windows of the first image in the caller's order, then the next image's.
    """

    rows: Ints
    places: dict[fx.Node, Place]

    def halves(self) -> Iterator["Batch"]:
        """Cut it in two; nodes that share a place still do."""
        for part in np.array_split(np.arange(len(self.rows)), 2):
            taken = {id(place): place.take(part) for place in self.places.values()}
            places = {node: taken[id(place)] for node, place in self.places.items()}
            yield Batch(self.rows[part], places)


@dataclass(frozen=True, eq=False)
class Group:
    """Windows of one class an axis: their batches, and the step from which maps are whole."""

    sizes: dict[fx.Node, tuple[int, int]]
    cut: int
    costs: list[Cost]
    seconds: float
    batches: list[Batch]

    @property
    def windows(self) -> int:
        """How many windows the group has, those of all images together."""
        return sum(len(batch.rows) for batch in self.batches)


@dataclass(frozen=True)
class GroupPlanner:
    """Decides, for each group, where maps become whole and how many windows run together."""

    steps: list[Step]
    images: int
    machine: Machine
    device: torch.device
    item_size: int

    @cached_property
    def by_node(self) -> dict[fx.Node, Step]:
        """The steps by their nodes."""
        return {step.node: step for step in self.steps}

    @cached_property
    def last_reader(self) -> dict[fx.Node, int]:
        """The last step that takes each node's region."""
        return {source: index for index, step in enumerate(self.steps) for source in step.sources}

    def group(
        self, down: Axis, across: Axis, rows: Ints, columns: Ints, windows: Ints, is_dense: bool
    ) -> Group:
        """Plan the windows whose positions are in one class of rows and one of columns.

        ``is_dense`` makes all maps whole from the first on.
        """
        (ys, xs) = (down.positions[rows], across.positions[columns])
        inside = np.isin(windows[:, 0], ys) & np.isin(windows[:, 1], xs)
        members = np.flatnonzero(inside)
        members = members[np.lexsort((windows[members, 1], windows[members, 0]))]
        sizes = {
            node: (int(span.size[rows].max()), int(across.spans[node].size[columns].max()))
            for node, span in down.spans.items()
        }
        cut, costs = (0, self._whole_costs) if is_dense else self._cut(sizes)
        for step in self.steps[cut:]:
            if step.node in sizes and step.kind != "input":
                sizes[step.node] = step.map_size
        everywhere = (np.arange(self.images)[:, None] * len(windows) + members).reshape(-1)
        batches = [
            Batch(part, self._places(sizes, down, across, windows, part))
            for part in _split(everywhere, self._batch_size(sizes))
        ]
        seconds = len(everywhere) * sum(cost.seconds(self.machine) for cost in costs)
        return Group(sizes, cut, costs, seconds, batches)

    def _sources(self, step: Step) -> list[Step]:
        return [self.by_node[node] for node in step.sources]

    @cached_property
    def _whole_costs(self) -> list[Cost]:
        """What each step costs for one window when all maps are whole."""
        sizes = {step.node: step.map_size for step in self.steps if step.axes}
        return [self._step_cost(step, sizes) for step in self.steps]

    @property
    def whole_seconds(self) -> float:
        """Time for one whole image."""
        return sum(cost.seconds(self.machine) for cost in self._whole_costs)

    def _step_cost(self, step: Step, sizes: dict[fx.Node, tuple[int, int]]) -> Cost:
        if step.kind == "carried":
            return carried_cost(step, self._sources(step), *sizes[step.node])
        if isinstance(step.rule, Collapse):
            (source,) = self._sources(step)
            (height, width) = sizes[source.node]
            share = 1.0
            if not step.rule.takes_whole_maps:
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
        full = self._whole_costs
        pastes = np.zeros(len(self.steps) + 1)
        for index, step in enumerate(self.steps):
            if step.axes and sizes[step.node] != step.map_size:
                # Cuts after this step and up to its last reader paste its region.
                count = float(np.prod(step.shape)) * self.machine.value
                pastes[index + 1 : self.last_reader.get(step.node, index) + 1] += 2 * count
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
        windows: Ints,
        part: Ints,
    ) -> dict[fx.Node, Place]:
        image, row = np.divmod(part, len(windows))
        rows, columns = down.find(windows[row, 0]), across.find(windows[row, 1])
        known: dict[tuple[int, int, int, int], Place] = {}
        places = {}
        for node, (height, width) in sizes.items():
            (vertical, horizontal) = (down.spans[node], across.spans[node])
            key = (id(vertical), id(horizontal), height, width)
            if key not in known:
                y = np.minimum(vertical.lo[rows], vertical.length - height)
                x = np.minimum(horizontal.lo[columns], horizontal.length - width)
                known[key] = Place(image, y, x, height, width, self.device)
            places[node] = known[key]
        for step in self.steps:
            if isinstance(step.rule, Sliding):
                with blamed(step.node, step.rule):
                    step.rule.read(places[step.node])
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

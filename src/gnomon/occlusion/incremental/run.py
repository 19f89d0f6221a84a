"""Some images on their way through a schedule: the clean pass, the batches, the light rest."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, fx

from gnomon.occlusion.incremental.analysis import Step, clean_run, last_reads, run_node
from gnomon.occlusion.incremental.groups import Batch, Group
from gnomon.occlusion.incremental.regions import Region, complete
from gnomon.occlusion.incremental.rules.collapse import FlatLinear
from gnomon.occlusion.incremental.rules.local import Local
from gnomon.occlusion.incremental.rules.rule import Collapse, Rule, to_batch, to_region
from gnomon.occlusion.incremental.schedule import Schedule
from gnomon.occlusion.memory import does_not_fit, is_out_of_memory

# Live values of so many bytes, or so many windows, wait for the light rest.
WAITING_BYTES = 128 << 20
WAITING_WINDOWS = 1024

Values = dict[fx.Node, Any]


class Run:
    """Keeps what the clean images (I,3,H,W) give, and runs batches of windows against it."""

    def __init__(self, module: fx.GraphModule, schedule: Schedule, images: Tensor) -> None:
        self._module = module
        self._schedule = schedule
        self._images = images
        self._steps = {step.node: step for step in schedule.steps}
        self._maps: dict[fx.Node, Tensor] = {}
        self._kept: dict[fx.Node, Any] = {}
        self._constants: Values = {}
        self._freed = last_reads({step.node: step.reads for step in schedule.steps})
        for step in schedule.steps:
            if step.kind == "constant":
                self._constants[step.node] = run_node(module, step.node, self._constants)
        steps = schedule.clean_steps
        clean_run(module, images, self._freed, self._keep, steps)

    def outputs(self, patches: Tensor, progress: Callable[[int], None] | None) -> Tensor:
        """Compute the outputs (IN,K) for all images' windows, filled with patches (IN,3,p,p)."""
        rows: list[Tensor] = []
        results: list[Tensor] = []
        waiting: list[tuple[Batch, Values]] = []

        def finish() -> None:
            rows.extend(torch.from_numpy(batch.rows) for batch, _ in waiting)
            results.append(self._rest([values for _, values in waiting]))
            waiting.clear()

        (windows, size) = (0, 0)
        for group in self._schedule.groups:
            for batch, values in self._carry(group, patches):
                waiting.append((batch, values))
                windows += len(batch.rows)
                size += sum(_bytes(value) for value in values.values())
                if progress:
                    progress(len(batch.rows))
                if windows >= WAITING_WINDOWS or size >= WAITING_BYTES:
                    finish()
                    (windows, size) = (0, 0)
        if waiting:
            finish()
        joined = torch.cat(results)
        return torch.empty_like(joined).index_copy_(0, torch.cat(rows).to(joined.device), joined)

    def _keep(self, node: fx.Node, values: Values) -> None:
        """Keep what the batches need of one node of the clean pass."""
        step = self._steps[node]
        if node in self._schedule.pasted:
            self._maps[node] = self._map(node, values)
        if not any(self._schedule.read[node]):
            return
        if isinstance(step.rule, Rule):
            inputs = [
                self._map(source, values) if needed else None
                for source, needed in zip(step.sources, self._schedule.read[node], strict=True)
            ]
            self._kept[node] = step.rule.keep(inputs, self._map(node, values))
        elif isinstance(step.rule, Collapse):
            inner = self._map(step.sources[0], values)
            self._kept[node] = step.rule.keep(inner, values[node])

    def _map(self, node: fx.Node, values: Values) -> Tensor:
        axes = self._steps[node].axes
        assert axes is not None
        return to_region(values[node], axes)

    def _carry(self, group: Group, patches: Tensor) -> Iterator[tuple[Batch, Values]]:
        """Carry a group's batches; one that memory does not suffice for goes on as its halves."""
        left = list(reversed(group.batches))
        while left:
            batch = left.pop()
            rows = torch.from_numpy(batch.rows).to(patches.device)
            try:
                values = self._batch(group, batch, patches[rows])
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(batch.rows) == 1:
                    raise does_not_fit(self._images[0]) from error
                left += reversed(list(batch.halves()))
            else:
                yield batch, values

    def _batch(self, group: Group, batch: Batch, patches: Tensor) -> Values:
        """Carry one batch through the heavy steps; give what the rest reads."""
        values: Values = dict(self._constants)
        for index, step in enumerate(self._schedule.steps[: self._schedule.body]):
            if step.kind == "input":
                place = batch.places[step.node]
                values[step.node] = Region(patches.permute(0, 2, 3, 1).contiguous(), place)
            elif step.kind not in ("constant", "alias"):
                values[step.node] = self._run_step(step, index >= group.cut, values, batch)
            for source in self._freed.get(step.node, []):
                values.pop(source, None)
        return {node: values[node] for node in self._schedule.handed_over}

    def _run_step(self, step: Step, is_cut: bool, values: Values, batch: Batch) -> Any:
        if isinstance(step.rule, Rule):
            place = batch.places[step.node]
            if is_cut:
                for source in step.sources:
                    values[source] = self._whole_region(source, values[source])
            regions = [values[source] for source in step.sources]
            kept = self._kept.get(step.node)
            over = self._schedule.overwriting.get(step.node)
            if over is not None and regions[over].place.same(place):
                assert isinstance(step.rule, Local)
                return Region(step.rule.overwrite(kept, regions, place, over), place)
            return Region(step.rule.carry(kept, regions, place), place)
        if isinstance(step.rule, Collapse):
            return step.rule.collapse(self._kept.get(step.node), values[step.sources[0]])
        arguments: Values = {}
        for node in step.node.all_input_nodes:
            arguments[node] = self._argument(node, step, values, len(batch.rows))
        if step.in_place is not None:
            return step.in_place(*arguments.values())
        return run_node(self._module, step.node, arguments)

    def _argument(self, node: fx.Node, step: Step, values: Values, count: int) -> Any:
        """Give a node's value for whole maps, or only its shape where that is all that is asked."""
        source = self._steps[node]
        if source.kind == "alias":
            inner = {n: self._argument(n, step, values, count) for n in node.all_input_nodes}
            return run_node(self._module, node, inner)
        value = values[node]
        if not isinstance(value, Region):
            return value
        assert source.axes is not None
        if step.kind == "number":
            return value.values.new_empty(1).expand(count, *source.shape[1:])
        values[node] = self._whole_region(node, value)
        return to_batch(values[node].values, source.axes)

    def _whole_region(self, node: fx.Node, region: Region) -> Region:
        place = region.place.whole(*self._steps[node].map_size)
        return Region(complete(self._maps.get(node), region, place), place)

    def _rest(self, waiting: list[Values]) -> Tensor:
        """Run the light steps for many batches at once."""
        values: Values = dict(self._constants)
        for node in self._schedule.handed_over:
            parts = [part[node] for part in waiting]
            whole = not isinstance(parts[0], Region)
            values[node] = torch.cat(parts) if whole and isinstance(parts[0], Tensor) else parts
        for step in self._schedule.steps[self._schedule.body :]:
            if isinstance(step.rule, FlatLinear):
                regions = values[step.sources[0]]
                value: Any = step.rule.collapse_all(self._kept.get(step.node), regions)
            elif step.kind == "constant":
                continue
            else:
                value = run_node(self._module, step.node, values)
            values[step.node] = value
            for source in self._freed.get(step.node, []):
                values.pop(source, None)
        last: Tensor = values[self._schedule.steps[-1].node]
        return last


def _bytes(value: Any) -> int:
    tensor = value.values if isinstance(value, Region) else value
    return tensor.nbytes if isinstance(tensor, Tensor) else 0

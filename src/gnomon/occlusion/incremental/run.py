"""Some images on their way through a schedule: the clean pass, the batches, the light rest."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, fx

from gnomon.memory import does_not_fit, is_out_of_memory
from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.groups import Batch, Group
from gnomon.occlusion.incremental.nodes import clean_run, last_reads, run_node
from gnomon.occlusion.incremental.refusal import blamed
from gnomon.occlusion.incremental.regions import Region, complete
from gnomon.occlusion.incremental.rules.collapse import FlatLinear
from gnomon.occlusion.incremental.rules.local import Local
from gnomon.occlusion.incremental.rules.rule import Collapse, Rule, to_batch, to_region
from gnomon.occlusion.incremental.schedule import Schedule, read_from_shapes

# Live values of so many bytes, or so many windows, wait for the light rest.
WAITING_BYTES = 128 << 20
WAITING_WINDOWS = 1024

Values = dict[fx.Node, Any]
Watch = Callable[[Step, Any], None]
"""Sees what each step of each batch computes."""


class Run:
    """Keeps what the clean images (I,3,H,W) give, and runs batches of windows against it.

    ``StepError`` names a step that breaks.
    """

    def __init__(
        self,
        module: fx.GraphModule,
        schedule: Schedule,
        images: Tensor,
        watch: Watch | None = None,
    ) -> None:
        self._module = module
        self._schedule = schedule
        self._images = images
        self._watch = watch
        self._steps = {step.node: step for step in schedule.steps}
        self._maps: dict[fx.Node, Tensor] = {}
        self._kept: dict[fx.Node, Any] = {}
        self._constants: Values = {}
        self._sizes = read_from_shapes(schedule.steps)
        self._freed = last_reads({step.node: step.reads for step in schedule.steps})
        for step in schedule.steps:
            if step.kind == "constant":
                with blamed(step.node, None):
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
            results.append(
                self._rest([values for _, values in waiting], sum(len(b.rows) for b, _ in waiting))
            )
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
        with blamed(node, step.rule):
            self._keep_of(step, node, values)

    def _keep_of(self, step: Step, node: fx.Node, values: Values) -> None:
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
        wholes: dict[fx.Node, Region] = {}
        for index, step in enumerate(self._schedule.steps[: self._schedule.body]):
            if step.kind == "input":
                place = batch.places[step.node]
                values[step.node] = Region(patches.permute(0, 2, 3, 1).contiguous(), place)
            elif step.kind not in ("constant", "alias"):
                with blamed(step.node, step.rule):
                    value = self._run_step(step, index >= group.cut, values, wholes, batch)
                values[step.node] = value
                if self._watch:
                    self._watch(step, value)
            for source in self._freed.get(step.node, []):
                values.pop(source, None)
                wholes.pop(source, None)
        handed = {node: values[node] for node in self._schedule.handed_over}
        for node, value in handed.items():
            with blamed(node, None):
                if isinstance(value, Tensor) and len(value) != len(batch.rows):
                    raise ValueError(f"{len(value)} rows for {len(batch.rows)} windows")
        return handed

    def _run_step(
        self,
        step: Step,
        is_cut: bool,
        values: Values,
        wholes: dict[fx.Node, Region],
        batch: Batch,
    ) -> Any:
        if isinstance(step.rule, Rule):
            place = batch.places[step.node]
            if is_cut:
                regions = [self._whole(source, values, wholes) for source in step.sources]
            else:
                regions = [values[source] for source in step.sources]
            kept = self._kept.get(step.node)
            over = self._schedule.overwriting.get(step.node)
            if over is not None and regions[over].place.same(place):
                assert isinstance(step.rule, Local)
                return Region(step.rule.overwrite(kept, regions, place, over), place)
            return Region(step.rule.carry(kept, regions, place), place)
        if isinstance(step.rule, Collapse):
            return step.rule.collapse(self._kept.get(step.node), values[step.sources[0]])
        count = len(batch.rows)
        if step.node in self._sizes:
            return self._size(step.node, count)

        def argument(node: fx.Node) -> Any:
            if self._steps[node].kind == "alias":
                inner = {source: argument(source) for source in node.all_input_nodes}
                return run_node(self._module, node, inner)
            if not isinstance(values[node], Region):
                return values[node]
            axes = self._steps[node].axes
            assert axes is not None
            return to_batch(self._whole(node, values, wholes).values, axes)

        arguments = {node: argument(node) for node in step.node.all_input_nodes}
        if step.in_place is not None:
            return step.in_place(*arguments.values())
        return run_node(self._module, step.node, arguments)

    def _size(self, node: fx.Node, count: int) -> Any:
        """Compute what follows from shapes alone, for so many windows."""
        step = self._steps[node]
        if step.kind == "constant":
            return self._constants[node]
        if step.kind in ("number", "alias"):
            inner = {source: self._size(source, count) for source in node.all_input_nodes}
            return run_node(self._module, node, inner)
        one = torch.empty(1, dtype=step.dtype, device=self._images.device)
        return one.expand(count, *step.shape[1:])

    def _whole(self, node: fx.Node, values: Values, wholes: dict[fx.Node, Region]) -> Region:
        """Lay a node's region over its clean map; the region itself stays for who reads it."""
        if node not in wholes:
            region: Region = values[node]
            place = region.place.whole(*self._steps[node].map_size)
            wholes[node] = Region(complete(self._maps.get(node), region, place), place)
        return wholes[node]

    def _rest(self, waiting: list[Values], count: int) -> Tensor:
        """Run the light steps for many batches at once, so many windows."""
        values: Values = dict(self._constants)
        for node in self._schedule.handed_over:
            parts = [part[node] for part in waiting]
            values[node] = torch.cat(parts) if isinstance(parts[0], Tensor) else parts
        for node in self._schedule.sizes_handed_over:
            values[node] = self._size(node, count)
        for step in self._schedule.steps[self._schedule.body :]:
            if step.kind == "constant":
                continue
            with blamed(step.node, step.rule):
                if isinstance(step.rule, FlatLinear):
                    regions = values[step.sources[0]]
                    value: Any = step.rule.collapse_all(self._kept.get(step.node), regions)
                elif step.node in self._sizes:
                    value = self._size(step.node, count)
                else:
                    value = run_node(self._module, step.node, values)
            values[step.node] = value
            if self._watch:
                self._watch(step, value)
            for source in self._freed.get(step.node, []):
                values.pop(source, None)
        last: Tensor = values[self._schedule.steps[-1].node]
        return last


def _bytes(value: Any) -> int:
    tensor = value.values if isinstance(value, Region) else value
    return tensor.nbytes if isinstance(tensor, Tensor) else 0

"""The incremental engine: the clean image once, then for each window only what it changes."""

import warnings
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from gnomon.arguments import checked
from gnomon.classifier.copying import evaluating_copy
from gnomon.classifier.scorer import type_name
from gnomon.memory import does_not_fit, is_out_of_memory
from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.engine import Several, check_finite, outputs_of_several
from gnomon.occlusion.incremental.analysis import Step, analyze
from gnomon.occlusion.incremental.check import NO_ROW, agree, expected_outputs, find_fault
from gnomon.occlusion.incremental.fold import fold_batch_norms, to_channels_last
from gnomon.occlusion.incremental.machine import machine_of
from gnomon.occlusion.incremental.outcome import fingerprint, keep_outcome, known_outcome
from gnomon.occlusion.incremental.planned import Plan, dense_plan, describe
from gnomon.occlusion.incremental.refusal import Refusals, StepError
from gnomon.occlusion.incremental.regions import Ints
from gnomon.occlusion.incremental.run import Run
from gnomon.occlusion.incremental.schedule import Schedule, make_schedule
from gnomon.occlusion.incremental.trace import UntraceableError, trace
from gnomon.occlusion.windows import window_grid
from gnomon.occlusion.winograd import use_winograd

KEPT_SCHEDULES = 8


class IncrementalEngine(Several):
    """Computes, for each window, what differs from the clean image, and nothing else.

    The network is not touched: the engine keeps a traced copy in evaluation mode, with batch norms
    folded and convolutions laid out channels-last. Make a new engine when the weights have changed.
    Outputs equal ``DenseEngine``'s within 1e-10 of their scale in float64 and 1e-4 in float32; a
    row has the same bits whatever the order of the windows. Plans are kept for the last image sizes
    and window grids. The first plan for a size is compared with whole passes over the image and
    three windows, once for each network and user. A network that cannot be traced, or whose plan
    disagrees, runs densely, after a warning that says why. A node whose rule breaks runs on whole
    maps, as the log says once. Where memory runs out, a batch of windows is halved and the work
    goes on; its rows may then differ in the last bits.
    """

    name = "incremental"

    @checked
    def __init__(self, network: nn.Module) -> None:
        self._name = type_name(network)
        self._network = evaluating_copy(network)
        self._dense_because = ""
        self._refusals = Refusals(self._name)
        self._steps: dict[_Layout, list[Step]] = {}
        self._clean: dict[_Layout, Tensor] = {}
        self._schedules: OrderedDict[Any, Schedule] = OrderedDict()
        try:
            self._module = prepare(network)
        except UntraceableError as error:
            self._run_densely(str(error))
        else:
            self._fingerprint = fingerprint(self._module, type(network).__qualname__)

    def __repr__(self) -> str:
        return f"<IncrementalEngine of {self._name}>"

    @torch.no_grad()
    def outputs_of_several(
        self,
        images: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs (I,N,K) for several images' occluded copies, as ``Several`` says.

        Raises ``ClassifierError`` where the network fails or gives no finite outputs (I,N,K), and
        ``GnomonError`` where memory does not suffice for one window at a time. Where it does not
        for all images, they go on as two halves.
        """
        while len(windows) and not self._dense_because:
            try:
                outputs = self._incrementally(images, windows, patches, progress)
            except StepError as error:
                self._refuse(error)
                continue
            if outputs is not None:
                return outputs
        return outputs_of_several(self._dense, images, windows, patches, progress)

    @torch.no_grad()
    def plan(self, image: Tensor, windows: Tensor, patch: int) -> Plan:
        """Return the plan that ``outputs`` follows for ``image`` (3,H,W) and ``windows`` (N,2)."""
        order = _order(windows, None)
        while not self._dense_because:
            try:
                schedule = self._schedule(image[None], windows.cpu().numpy()[order], patch)
            except StepError as error:
                self._refuse(error)
                continue
            if schedule is not None:
                return describe(self._module, schedule)
        return dense_plan(len(windows), self._dense_because)

    @cached_property
    def _dense(self) -> DenseEngine:
        return DenseEngine(self._network)

    def _incrementally(
        self,
        images: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None,
    ) -> Tensor | None:
        """Follow the plan; ``None`` where there is none after all. ``StepError`` if it breaks."""
        orders = np.stack([_order(windows, fillings) for fillings in patches])
        try:
            schedule = self._schedule(images, windows.cpu().numpy()[orders[0]], patches.shape[3])
            if schedule is None:
                return None
            run = Run(self._module, schedule, channels_last(images))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(images) == 1:
                raise does_not_fit(images[0]) from error
            halves = zip(torch.tensor_split(images, 2), torch.tensor_split(patches, 2), strict=True)
            return torch.cat([self.outputs_of_several(a, windows, b, progress) for a, b in halves])
        everywhere = orders + len(windows) * np.arange(len(images))[:, None]
        index = torch.from_numpy(everywhere.reshape(-1)).to(images.device)
        rows = run.outputs(patches.flatten(0, 1)[index], progress)
        check_finite(rows)
        outputs = torch.empty_like(rows).index_copy_(0, index, rows)
        return outputs.view(len(images), len(windows), -1)

    def _schedule(self, images: Tensor, windows: Ints, patch: int) -> Schedule | None:
        """Plan and check the plan, or look it up; ``None`` where the network must run densely."""
        layout = _layout(images)
        key = (layout, len(images), patch, windows.tobytes())
        if key not in self._schedules:
            known = known_outcome(self._fingerprint, layout)
            if known or not self._analyze(images[:1], is_known=known is not None):
                if known:
                    self._run_densely(known)
                return None
            schedule = make_schedule(
                self._steps[layout],
                len(images),
                windows,
                patch,
                machine_of(images.device),
                images.device,
                images.element_size(),
            )
            if layout in self._clean:
                (batch, clean) = (channels_last(images), self._clean[layout])
                because = find_fault(self._network, self._module, schedule, batch, clean)
                del self._clean[layout]
                keep_outcome(self._fingerprint, layout, because)
                if because:
                    self._run_densely(because)
                    return None
            self._schedules[key] = schedule
            while len(self._schedules) > KEPT_SCHEDULES:
                self._schedules.popitem(last=False)
        self._schedules.move_to_end(key)
        return self._schedules[key]

    def _analyze(self, image: Tensor, *, is_known: bool) -> bool:
        """Find the rules for (1,3,H,W); say whether the graph computes what the network does.

        That is taken for granted where the plan ``is_known`` to be right.
        """
        layout = _layout(image)
        if layout in self._steps:
            return True
        steps, given = analyze(self._module, channels_last(image), self._refusals)
        if not is_known:
            expected = expected_outputs(self._network, image)
            if expected is None:
                self._dense_because = NO_ROW
                return False
            check_finite(expected, "clean images")
            if not agree(given, expected, expected):
                self._run_densely("its trace does not compute what it computes")
                return False
            self._clean[layout] = expected
        self._steps[layout] = steps
        return True

    def _refuse(self, error: StepError) -> None:
        """Let the node of a rule that broke run on whole maps, and plan anew."""
        if error.rule and error.node not in self._refusals:
            self._refusals.add(error)
            self._steps.clear()
            self._schedules.clear()
        else:
            self._run_densely(f"{error.node} cannot be computed for several windows ({error})")

    def _run_densely(self, reason: str) -> None:
        self._dense_because = reason
        warnings.warn(
            f"{type_name(self._network)} runs densely, a whole pass for each window: {reason}",
            stacklevel=4,
        )


def prepare(network: nn.Module) -> fx.GraphModule:
    """Trace, fold and lay out a private copy. Raises ``UntraceableError``."""
    module = trace(network)
    fold_batch_norms(module)
    use_winograd(module)
    to_channels_last(module)
    return module


@checked
def plan(model: nn.Module, size: tuple[int, int], patch: int = 16, stride: int = 8) -> Plan:
    """Plan the incremental occlusion of images of ``size`` (height, width) without running it.

    The windows are those of ``window_grid``. Raises ``SettingError`` as that does.
    """
    windows = window_grid(*size, patch, stride)
    like = next(model.parameters(), torch.empty(0))
    values = torch.linspace(-1, 1, 3 * size[0] * size[1], dtype=like.dtype, device=like.device)
    image = values.view(3, *size)
    return IncrementalEngine(model).plan(image, windows, patch)


def channels_last(images: Tensor) -> Tensor:
    """Lay (I,3,H,W) out with channels innermost."""
    return images.contiguous(memory_format=torch.channels_last)


_Layout = tuple[torch.Size, torch.dtype, torch.device]


def _layout(images: Tensor) -> _Layout:
    """Return what an analysis holds for."""
    return images.shape[1:], images.dtype, images.device


def _order(windows: Tensor, patches: Tensor | None) -> Ints:
    """Sort windows by place, and those that share one by what fills them."""
    y, x = windows.cpu().numpy().T
    order = np.lexsort((x, y))
    tied = np.flatnonzero((y[order[1:]] == y[order[:-1]]) & (x[order[1:]] == x[order[:-1]]))
    if patches is None or not len(tied):
        return order
    rows = np.union1d(order[tied], order[tied + 1])
    fillings = patches[torch.from_numpy(rows).to(patches.device)].cpu().contiguous()
    contents = [filling.tobytes() for filling in fillings.view(torch.uint8).numpy()]
    ranks = {content: rank for rank, content in enumerate(sorted(set(contents)))}
    rank = np.zeros_like(order)
    rank[rows] = [ranks[content] for content in contents]
    return np.lexsort((rank, x, y))

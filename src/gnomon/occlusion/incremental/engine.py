"""The incremental engine: the clean image once, then for each window only what it changes."""

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from gnomon.arguments import checked
from gnomon.classifier.copying import structural_copy
from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.engine import Several, check_finite, outputs_of_several
from gnomon.occlusion.incremental.analysis import Step, analyse
from gnomon.occlusion.incremental.fold import fold_batch_norms, to_channels_last
from gnomon.occlusion.incremental.machine import machine_of
from gnomon.occlusion.incremental.planned import Plan, dense_plan, describe
from gnomon.occlusion.incremental.regions import Ints
from gnomon.occlusion.incremental.run import Run
from gnomon.occlusion.incremental.schedule import Schedule, make_schedule
from gnomon.occlusion.incremental.trace import UntraceableError, trace
from gnomon.occlusion.memory import does_not_fit, is_out_of_memory
from gnomon.occlusion.windows import window_grid
from gnomon.occlusion.winograd import use_winograd

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4}
KEPT_SCHEDULES = 8


class IncrementalEngine(Several):
    """Computes, for each window, what differs from the clean image, and nothing else.

    The network is not touched: the engine keeps a traced copy in evaluation mode, with batch norms
    folded and convolutions laid out channels-last. Make a new engine when the weights have changed.
    Outputs equal ``DenseEngine``'s within 1e-10 of their scale in float64 and 1e-4 in float32; a
    row has the same bits whatever the order of the windows. Plans are kept for the last image sizes
    and window grids. A network that cannot be traced runs densely, after a warning that says why.
    Where memory runs out, a batch of windows is halved and the work goes on; its rows may then
    differ in the last bits.
    """

    name = "incremental"

    def __init__(self, network: nn.Module) -> None:
        self._network = structural_copy(network).eval()
        self._dense_because = ""
        self._steps: dict[Any, list[Step]] = {}
        self._schedules: OrderedDict[Any, Schedule] = OrderedDict()
        try:
            self._module = prepare(network)
        except UntraceableError as error:
            self._run_densely(str(error))

    @torch.no_grad()
    def outputs_of_several(
        self,
        images: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs (I,N,K) for several images' occluded copies, as ``Several`` says.

        Raises ``ClassifierError`` where the network does not give finite outputs (I,N,K), and
        ``GnomonError`` where memory does not suffice for one window at a time. Where it does not
        for all images, they go on as two halves.
        """
        if not len(windows) or not self._is_incremental(images):
            dense = DenseEngine(self._network)
            return outputs_of_several(dense, images, windows, patches, progress)
        orders = np.stack([_order(windows, fillings) for fillings in patches])
        schedule = self._schedule(images, windows.cpu().numpy()[orders[0]], patches.shape[3])
        try:
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

    @torch.no_grad()
    def plan(self, image: Tensor, windows: Tensor, patch: int) -> Plan:
        """Give the plan that ``outputs`` follows for ``image`` (3,H,W) and ``windows`` (N,2)."""
        if not self._is_incremental(image[None]):
            return dense_plan(len(windows), self._dense_because)
        order = _order(windows, None)
        schedule = self._schedule(image[None], windows.cpu().numpy()[order], patch)
        return describe(self._module, schedule)

    def _is_incremental(self, images: Tensor) -> bool:
        """Say whether the network can run incrementally; analyse it for images of a new size."""
        if not self._dense_because and _layout(images) not in self._steps:
            self._check(images[:1])
        return not self._dense_because

    def _schedule(self, images: Tensor, windows: Ints, patch: int) -> Schedule:
        """Plan, or look the plan up."""
        layout = _layout(images)
        key = (layout, len(images), patch, windows.tobytes())
        if key not in self._schedules:
            self._schedules[key] = make_schedule(
                self._steps[layout],
                len(images),
                windows,
                patch,
                machine_of(images.device),
                images.device,
                images.element_size(),
            )
            while len(self._schedules) > KEPT_SCHEDULES:
                self._schedules.popitem(last=False)
        self._schedules.move_to_end(key)
        return self._schedules[key]

    def _check(self, image: Tensor) -> None:
        """Analyse the network for (1,3,H,W); make sure that the copy does what it does."""
        batch = channels_last(image)
        expected = self._network(batch.clone())
        if not isinstance(expected, Tensor) or expected.ndim != 2 or len(expected) != 1:
            self._dense_because = "the network does not give one tensor (N, classes)"
            return
        check_finite(expected, "clean images")
        given = self._module(batch)
        bound = TOLERANCE.get(image.dtype, 0.05) * float(expected.abs().max())
        if given.shape != expected.shape or not (given - expected).abs().max() <= bound:
            self._run_densely("its trace does not compute what it computes")
            return
        self._steps[_layout(image)] = analyse(self._module, batch)

    def _run_densely(self, reason: str) -> None:
        self._dense_because = reason
        warnings.warn(
            f"{type(self._network).__name__} runs densely, a whole pass for each window: {reason}",
            stacklevel=3,
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


def _layout(images: Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    """Give what an analysis holds for."""
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

"""The incremental engine: the clean image once, then for each window only what it changes."""

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from gnomon.classifier.copying import structural_copy
from gnomon.errors import ClassifierError
from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.incremental.analysis import Step, analyse
from gnomon.occlusion.incremental.cost import rates
from gnomon.occlusion.incremental.fold import fold_batch_norms, to_channels_last
from gnomon.occlusion.incremental.planned import Plan, dense_plan, describe
from gnomon.occlusion.incremental.regions import Ints
from gnomon.occlusion.incremental.run import Run, as_batch_of_one
from gnomon.occlusion.incremental.schedule import Schedule, make_schedule
from gnomon.occlusion.incremental.trace import UntraceableError, trace
from gnomon.occlusion.windows import window_grid
from gnomon.occlusion.winograd import use_winograd

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4}
KEPT_SCHEDULES = 8


class IncrementalEngine:
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
    def outputs(
        self,
        image: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs for every occluded copy, as ``Engine`` says.

        Raises ``ClassifierError`` where the network does not give finite outputs (N,K), and
        ``GnomonError`` where memory does not suffice for one window at a time.
        """
        schedule = None
        order = _order(windows, patches)
        if len(windows):
            schedule = self._schedule(image, windows.cpu().numpy()[order], patches.shape[2])
        if schedule is None:
            return DenseEngine(self._network).outputs(image, windows, patches, progress)
        index = torch.from_numpy(order).to(image.device)
        rows = Run(self._module, schedule, image).outputs(patches[index], progress)
        finite = torch.isfinite(rows).all(dim=1)
        if not finite.all():
            raise ClassifierError(
                f"the network's outputs are not finite for {int((~finite).sum())} of {len(rows)} "
                "occluded copies: check its weights and preprocessing, or use float32"
            )
        return torch.empty_like(rows).index_copy_(0, index, rows)

    @torch.no_grad()
    def plan(self, image: Tensor, windows: Tensor, patch: int) -> Plan:
        """Give the plan that ``outputs`` follows for ``image`` (3,H,W) and ``windows`` (N,2)."""
        order = _order(windows, None)
        schedule = self._schedule(image, windows.cpu().numpy()[order], patch)
        if schedule is None:
            return dense_plan(len(windows), self._dense_because)
        return describe(self._module, schedule)

    def _schedule(self, image: Tensor, windows: Ints, patch: int) -> Schedule | None:
        """Plan, or look the plan up; ``None`` where the network runs densely."""
        layout = (image.shape, image.dtype, image.device)
        if not self._dense_because and layout not in self._steps:
            self._check(image)
        if self._dense_because:
            return None
        key = (layout, patch, windows.tobytes())
        if key not in self._schedules:
            machine = rates(image.device)
            self._schedules[key] = make_schedule(
                self._steps[layout], windows, patch, machine, image.device, image.element_size()
            )
            while len(self._schedules) > KEPT_SCHEDULES:
                self._schedules.popitem(last=False)
        self._schedules.move_to_end(key)
        return self._schedules[key]

    def _check(self, image: Tensor) -> None:
        """Analyse the network for the image's size; make sure that the copy does what it does."""
        batch = as_batch_of_one(image)
        expected = self._network(batch.clone())
        if not isinstance(expected, Tensor) or expected.ndim != 2 or len(expected) != 1:
            self._dense_because = "the network does not give one tensor (N, classes)"
            return
        given = self._module(batch)
        bound = TOLERANCE.get(image.dtype, 0.05) * float(expected.abs().max())
        if given.shape != expected.shape or not (given - expected).abs().max() <= bound:
            self._run_densely("its trace does not compute what it computes")
            return
        self._steps[image.shape, image.dtype, image.device] = analyse(self._module, batch)

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


def plan(model: nn.Module, size: tuple[int, int], patch: int = 16, stride: int = 8) -> Plan:
    """Plan the incremental occlusion of images of ``size`` (height, width) without running it.

    The windows are those of ``window_grid``. Raises ``SettingError`` as that does.
    """
    like = next(model.parameters(), torch.empty(0))
    values = torch.linspace(-1, 1, 3 * size[0] * size[1], dtype=like.dtype, device=like.device)
    image = values.view(3, *size)
    return IncrementalEngine(model).plan(image, window_grid(*size, patch, stride), patch)


def _order(windows: Tensor, patches: Tensor | None) -> Ints:
    """Sort windows by place, and those that share one by what fills them."""
    places = windows.cpu().numpy()
    order = np.lexsort((places[:, 1], places[:, 0]))
    if patches is None or len(np.unique(places, axis=0)) == len(places):
        return order
    contents = [patch.tobytes() for patch in patches.cpu().contiguous().view(torch.uint8).numpy()]
    keys = [(y, x, content) for (y, x), content in zip(places.tolist(), contents, strict=True)]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__))

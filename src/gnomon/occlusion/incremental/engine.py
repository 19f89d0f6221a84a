"""The incremental engine: the clean image once, then for each window only what it changes."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.incremental.analysis import Step, analyse
from gnomon.occlusion.incremental.cost import measure
from gnomon.occlusion.incremental.fold import fold_batch_norms, to_channels_last
from gnomon.occlusion.incremental.run import Run, as_batch_of_one
from gnomon.occlusion.incremental.schedule import Schedule, make_schedule
from gnomon.occlusion.incremental.trace import UntraceableError, trace


class IncrementalEngine:
    """Computes, for each window, what differs from the clean image, and nothing else."""

    name = "incremental"

    def __init__(self, network: nn.Module) -> None:
        self._module = prepare(network)
        self._schedules: dict[Any, Schedule] = {}
        self._steps: dict[Any, list[Step]] = {}

    @torch.no_grad()
    def outputs(
        self,
        image: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs for every occluded copy, as ``Engine`` says."""
        schedule = self._schedule(image, windows, patches.shape[2])
        return Run(self._module, schedule, image).outputs(patches, progress)

    def _schedule(self, image: Tensor, windows: Tensor, patch: int) -> Schedule:
        places = windows.cpu().numpy()
        key = (image.shape, image.dtype, image.device, patch, places.tobytes())
        if key not in self._schedules:
            layout = (image.shape, image.dtype, image.device)
            if layout not in self._steps:
                self._steps[layout] = analyse(self._module, as_batch_of_one(image))
            machine = measure(image.device, image.dtype)
            self._schedules = {
                key: make_schedule(
                    self._steps[layout], places, patch, machine, image.device, image.element_size()
                )
            }
        return self._schedules[key]


def prepare(network: nn.Module) -> fx.GraphModule:
    """Trace, fold and lay out a private copy. Raises ``UntraceableError``."""
    module = trace(network)
    fold_batch_norms(module)
    to_channels_last(module)
    return module


_ = (warnings, np, DenseEngine, UntraceableError)

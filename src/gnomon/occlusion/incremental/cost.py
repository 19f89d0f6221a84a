"""How long a step takes: a line through multiply-adds, values moved and calls, measured once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional as F

from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.rules.sliding import Sliding


@dataclass(frozen=True)
class Machine:
    """Seconds for one multiply-add, for one value moved through memory, for one call."""

    multiply_add: float
    value: float
    call: float


@cache
def measure(device: torch.device, dtype: torch.dtype) -> Machine:
    """Time a convolution, a copy and a small call; a fraction of a second, once a process."""
    layout = torch.channels_last
    block = torch.rand(16, 64, 28, 28, device=device, dtype=dtype).to(memory_format=layout)
    weight = torch.rand(64, 64, 3, 3, device=device, dtype=dtype).to(memory_format=layout)
    large = torch.rand(1 << 22, device=device, dtype=dtype)
    small = torch.rand(64, device=device, dtype=dtype)
    convolution = _seconds(lambda: F.conv2d(block, weight), device)
    copy = _seconds(lambda: large.clone(), device)
    call = _seconds(lambda: small.clone(), device)
    return Machine(convolution / (16 * 26 * 26 * 64 * 64 * 9), copy / large.numel(), 4 * call)


def _seconds(work: Callable[[], Tensor], device: torch.device) -> float:
    times = []
    for _attempt in range(5):
        start = perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(perf_counter() - start)
    return min(times)


@dataclass(frozen=True)
class Cost:
    """What one window costs at one step: multiply-adds, and values read and written."""

    multiply_adds: float
    values: float

    def seconds(self, machine: Machine) -> float:
        """Time by the machine's rates, calls aside."""
        return self.multiply_adds * machine.multiply_add + self.values * machine.value


def carried_cost(step: Step, sources: list[Step], height: float, width: float) -> Cost:
    """Cost of a carried step for a region of this size, gathering included."""
    (whole_height, whole_width) = step.map_size
    share = height * width / (whole_height * whole_width)
    out = _channels(step) * height * width
    moved = out
    for source in sources:
        (high, wide) = (height, width)
        if isinstance(step.rule, Sliding):
            (down, across) = step.rule.sweeps
            gathers = not step.rule.is_pointwise
            if height < whole_height or width < whole_width:
                high = (height - 1) * down.stride + down.reach + 1
                wide = (width - 1) * across.stride + across.reach + 1
                moved += 2 * gathers * _channels(source) * high * wide
            else:
                (high, wide) = source.map_size
        moved += _channels(source) * high * wide
    return Cost(step.dense_multiply_adds * share, moved)


def dense_cost(step: Step, sources: list[Step]) -> Cost:
    """Cost of a step for a whole map."""
    moved = sum(_count(source) for source in (step, *sources))
    return Cost(step.dense_multiply_adds, moved)


def _count(step: Step) -> int:
    total = 1
    for size in step.shape:
        total *= size
    return total


def _channels(step: Step) -> int:
    (height, width) = step.map_size
    return _count(step) // (height * width)

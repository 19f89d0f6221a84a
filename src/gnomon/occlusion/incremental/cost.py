"""How long a step takes: a line through multiply-adds, values moved and calls."""

from dataclasses import dataclass

from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.machine import Machine
from gnomon.occlusion.incremental.rules.sliding import Sliding


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

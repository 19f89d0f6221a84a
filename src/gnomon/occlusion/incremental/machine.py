"""What a multiply-add, a value moved and a call cost on this machine: measured once, and kept."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from math import log2
from time import perf_counter

import torch
from torch.nn import functional as F

from gnomon.memory import is_out_of_memory
from gnomon.occlusion.incremental.kept import cache_folder, write_once


@dataclass(frozen=True)
class Machine:
    """Time for one multiply-add, for one value moved through memory, for one call; any unit."""

    multiply_add: float
    value: float
    call: float


TYPICAL = {"cpu": Machine(1.0, 64.0, 2.0**20), "cuda": Machine(1.0, 64.0, 2.0**27)}
"""In multiply-adds of a convolution in float32: two cores of a server, and a guess at a GPU."""

FURTHEST = 4.0
"""What is measured further than this from what is typical is put down to other work."""


def machine_of(device: torch.device) -> Machine:
    """Look up what a device costs; where that is not known yet, measure it in about a second.

    What was measured stays in the user's cache, for the kind of device, the number of threads and
    the version of torch, because plans, and with them the last bits of the outputs, must be the
    same in the next process, however busy the machine is then. Where two measurements disagree,
    memory does not suffice, or nothing can be kept, it is what is TYPICAL.
    """
    if device.type == "cuda":
        return _kept(device, torch.cuda.get_device_name(device))
    if device.type == "cpu":
        kind = torch.backends.cpu.get_cpu_capability()
        return _kept(device, f"cpu {kind} {torch.get_num_threads()} threads")
    return TYPICAL["cpu"]


@cache
def _kept(device: torch.device, kind: str) -> Machine:
    """Read what was measured; measure it first if need be. The first of several processes wins."""
    path = cache_folder("machines") / f"{kind} torch {torch.__version__}.json".replace("/", " ")
    typical = TYPICAL[device.type]
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            one, two = measured(device), measured(device)
            write_once(path, json.dumps(asdict(one if one == two else typical)))
        return Machine(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return typical
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return typical


@torch.no_grad()
def measured(device: torch.device) -> Machine:
    """Time a convolution, a large gather, and both of a single pixel, laid over another.

    In multiply-adds, to the nearest power of two: finer differences change few plans, and are
    within what a busy machine changes.
    """
    convolved = torch.rand(64, 64, 14, 14, device=device).to(memory_format=torch.channels_last)
    kernel = torch.rand(64, 64, 3, 3, device=device).to(memory_format=torch.channels_last)
    multiply_adds = 64 * 64 * 12 * 12 * kernel[0].numel()
    rows = torch.rand(56 * 56, 256, device=device)
    index = torch.arange(64 * 30 * 30, device=device) % len(rows)
    pixel, row, one = convolved[:1, :, :3, :3].contiguous(), rows[:1].clone(), index[:1]

    def call() -> None:
        row.index_copy_(0, one, rows.index_select(0, one))
        F.conv2d(pixel, kernel)

    multiply_add = _seconds(lambda: F.conv2d(convolved, kernel), device, 50) / multiply_adds
    value = _seconds(lambda: rows.index_select(0, index), device, 6) / (2 * 256 * len(index))
    typical, one_call = TYPICAL[device.type], _seconds(call, device, 50)
    return Machine(
        multiply_add=1.0,
        value=_rounded(value / multiply_add, typical.value),
        call=_rounded(one_call / multiply_add, typical.call),
    )


def _seconds(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Time some work, in the shortest of several rounds; a GPU's queue is filled in each."""
    times, repeated = [], 8 if device.type == "cuda" else 1
    for _ in range(rounds):
        start = perf_counter()
        for _ in range(repeated):
            work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append((perf_counter() - start) / repeated)
    return min(times)


def _rounded(value: float, typical: float) -> float:
    return min(max(float(2.0 ** round(log2(value))), typical / FURTHEST), typical * FURTHEST)

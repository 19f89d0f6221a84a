"""Generated networks: the incremental engine against one forward pass for each window."""

import os
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch as patched

import hypothesis.strategies as st
import torch
from grammar import (
    ACTIVATIONS,
    GRAMMAR,
    MERGES,
    SHAPED,
    UNARY,
    Function,
    convolutions,
    heads,
    joined,
    pools,
)
from hypothesis import HealthCheck, Phase, given, settings
from single_passes import one_by_one
from torch import Tensor, nn

from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.incremental import engine as incremental_engine
from gnomon.occlusion.incremental.machine import Machine
from gnomon.occlusion.incremental.refusal import Refusals, StepError

NETWORKS = int(os.environ.get("NETWORKS", "0"))
"""So many networks, of another choice each time, as make fuzz asks for; the same 100 otherwise."""
MOST_CHANNELS = 24

# What decides where regions become whole maps: nearly nowhere, somewhere, early.
MACHINES = (Machine(1.0, 0.0, 0.0), Machine(1.0, 10.0, 1e4), Machine(1.0, 1000.0, 0.0))


@dataclass
class Program:
    """Operations in order: each takes earlier values by number and gives the next."""

    operations: list[tuple[Any, tuple[int, ...]]] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    def add(self, operation: Any, *inputs: int) -> int:
        """Append an operation, unless it cannot take these inputs or empties the map.

        Dilated largest values may see nothing but padding: they are infinite, and of no use.
        Large values make rounding large.
        """
        try:
            value = operation(*(self.values[i] for i in inputs))
        except (RuntimeError, ValueError, AssertionError):
            return inputs[0]
        if value.shape[1] > MOST_CHANNELS or 0 in value.shape or value.shape[0] != 1:
            return inputs[0]
        if not value.isfinite().all() or value.abs().max() > 1e4:
            return inputs[0]
        self.operations.append((operation, inputs))
        self.values.append(value)
        return len(self.values) - 1


class Network(nn.Module):
    def __init__(self, program: Program, last: int, head: nn.Module) -> None:
        super().__init__()
        self.last = last
        self.operations = nn.ModuleList(
            o if isinstance(o, nn.Module) else Function(o) for o, _ in program.operations
        )
        self.inputs = [inputs for _, inputs in program.operations]
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        values = [x]
        for operation, inputs in zip(self.operations, self.inputs, strict=True):
            values.append(operation(*(values[i] for i in inputs)))
        out: Tensor = self.head(values[self.last])
        return out


@st.composite
def networks(draw: st.DrawFn, height: int, width: int) -> nn.Module:
    torch.manual_seed(draw(st.integers(0, 1000)))
    program = Program(values=[torch.rand(1, 3, height, width)])
    last = program.add(nn.Conv2d(3, draw(st.sampled_from([4, 6, 8])), 3, padding=1), 0)
    for _ in range(draw(st.integers(1, 7))):
        last = draw(one_more(program, last))
    return Network(program, last, draw(heads(program.values[last]))).eval()


@st.composite
def one_more(draw: st.DrawFn, program: Program, last: int) -> int:
    """Add an operation behind the last value, and perhaps beside it."""
    value = program.values[last]
    channels = value.shape[1]
    others = [i for i, other in enumerate(program.values) if other.shape == value.shape]
    near = [i for i, other in enumerate(program.values) if other.shape[2:] == value.shape[2:]]
    kind = draw(st.sampled_from(KINDS))
    if kind == "unary":
        return program.add(UNARY[draw(st.sampled_from(sorted(UNARY)))](channels), last)
    if kind == "activation":
        return program.add(draw(st.sampled_from(ACTIVATIONS)), last)
    if kind == "merge":
        return program.add(draw(st.sampled_from(MERGES)), last, draw(st.sampled_from(others)))
    if kind == "convolution":
        last = program.add(draw(convolutions(channels)), last)
        norm = UNARY["batch norm"](program.values[last].shape[1])
        return program.add(norm, last) if draw(st.booleans()) else last
    if kind == "pool":
        return program.add(draw(pools()), last)
    if kind == "branch":
        branch = program.add(draw(convolutions(channels)), draw(st.sampled_from(near[-1:])))
        fits = program.values[branch].shape[2:] == program.values[last].shape[2:]
        return program.add(joined, last, branch) if fits else last
    if kind == "concatenate":
        return program.add(joined, last, draw(st.sampled_from(near)))
    if kind == "pad":
        (a, b, c, d) = (draw(st.integers(0, 3)) for _ in "abcd")
        return program.add(nn.ConstantPad2d((a, b, c, d), draw(st.sampled_from([0.0, 1.5]))), last)
    size = draw(st.tuples(st.integers(2, 7), st.integers(2, 7)))
    return program.add(nn.AdaptiveAvgPool2d(size), last)


KINDS = (*SHAPED, "convolution", "activation", "merge", *["unary"] * 6)


def check(data: st.DataObject, dtype: torch.dtype, tolerance: float) -> None:
    height, width = data.draw(st.tuples(st.integers(9, 40), st.integers(9, 40)))
    net = data.draw(networks(height, width)).to(dtype)
    patch = data.draw(st.integers(1, min(height, width)))
    count = data.draw(st.integers(1, 12))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 1000)))
    corners = torch.tensor([[0, 0], [height - patch, width - patch]])
    inside = torch.rand(count, 2, generator=generator)
    inside = (inside * (corners[1] + 1)).long()
    windows = torch.cat([inside, corners])
    count = data.draw(st.integers(1, 2))
    images = torch.randn(count, 3, height, width, generator=generator).to(dtype)
    patches = torch.randn(count, len(windows), 3, patch, patch, generator=generator).to(dtype)
    expected = torch.stack(
        [one_by_one(net, image, windows, own) for image, own in zip(images, patches, strict=True)]
    )
    machine = data.draw(st.sampled_from(MACHINES))
    engine = IncrementalEngine(net)
    with (
        patched.object(incremental_engine, "machine_of", lambda _: machine),
        patched.object(incremental_engine, "known_outcome", lambda *_: None),
        patched.object(incremental_engine, "keep_outcome", lambda *_: None),
        patched.object(Refusals, "add", failed),
    ):
        outputs = engine.outputs_of_several(images, windows, patches)
    bound = tolerance * max(float(expected.abs().max()), 1e-3)
    assert float((outputs - expected).abs().max()) <= bound
    order = torch.randperm(len(windows), generator=generator)
    shuffled = engine.outputs_of_several(images, windows[order], patches[:, order])
    assert torch.equal(shuffled, outputs[:, order])


def failed(self: Refusals, error: StepError) -> None:
    raise AssertionError(f"a rule failed: {error.rule} at {error.node}") from error


QUICK = settings(
    derandomize=not NETWORKS,
    deadline=None,
    max_examples=NETWORKS or 100,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@QUICK
@given(st.data())
def test_generated_networks_agree_in_float64(data: st.DataObject) -> None:
    check(data, torch.float64, 1e-10)


@settings(QUICK, max_examples=60)
@given(st.data())
def test_generated_networks_agree_in_float32(data: st.DataObject) -> None:
    check(data, torch.float32, 1e-4)


def test_the_grammar_is_large() -> None:
    assert len(GRAMMAR) >= 40

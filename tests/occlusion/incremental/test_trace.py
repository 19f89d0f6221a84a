from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.errors import ClassifierError
from gnomon.occlusion import DenseEngine
from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.incremental.trace import UntraceableError, trace
from gnomon.occlusion.windows import window_grid


class Wrapped(nn.Module):
    def __init__(self, body: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 6, 3, padding=1)
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.second(self.body(self.first(x)))).mean((2, 3))


def scene() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    windows = window_grid(20, 24, 4, 4)
    image = torch.randn(3, 20, 24, generator=generator).double()
    return image, windows, torch.randn(len(windows), 3, 4, 4, generator=generator).double()


def mutate_and_reuse(x: Tensor) -> Tensor:
    y = F.relu(x, inplace=True)
    return x + y * 2


def add_in_place(x: Tensor) -> Tensor:
    y = torch.tanh(x)
    y += x
    y.mul_(2)
    y *= 0.5
    return y


def change_behind_a_view(x: Tensor) -> Tensor:
    first = x[:, :3]
    x.relu_()
    return torch.cat([first, x[:, 3:]], 1)


def change_a_part(x: Tensor) -> Tensor:
    x = x.clone()
    x[:, 0] = 0.0
    return x


def branch(x: Tensor) -> Tensor:
    return x * 2 if float(x.detach().sum()) > 1e6 else x


@pytest.mark.parametrize("body", [mutate_and_reuse, add_in_place])
def test_in_place_operations_are_made_functional(body: Callable[[Tensor], Tensor]) -> None:
    network = Wrapped(body).double()
    image, windows, patches = scene()
    expected = DenseEngine(network).outputs(image, windows, patches)
    engine = IncrementalEngine(network)
    torch.testing.assert_close(
        engine.outputs(image, windows, patches), expected, rtol=1e-12, atol=1e-12
    )
    assert not engine.plan(image, windows, 4).dense_because


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (change_behind_a_view, "memory in place"),
        (change_a_part, "item assignment"),
        (branch, "float"),
    ],
)
def test_what_cannot_be_traced_runs_densely_after_one_warning(
    body: Callable[[Tensor], Tensor], reason: str
) -> None:
    network = Wrapped(body).double()
    image, windows, patches = scene()
    with pytest.warns(UserWarning, match=f"runs densely.*{reason}") as told:
        engine = IncrementalEngine(network)
    assert len(told) == 1
    outputs = engine.outputs(image, windows, patches)
    assert torch.equal(outputs, DenseEngine(network).outputs(image, windows, patches))
    assert reason in engine.plan(image, windows, 4).dense_because
    with pytest.raises(UntraceableError):
        trace(network)


def test_a_trace_that_does_something_else_is_found_out() -> None:
    class Looking(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean((2, 3)) * (1 if type(x) is Tensor else 2)

    image, windows, patches = scene()
    engine = IncrementalEngine(Looking())
    with pytest.warns(UserWarning, match="does not compute what it computes"):
        engine.outputs(image, windows, patches)


def test_a_module_with_hooks_keeps_its_hooks_and_is_computed_whole() -> None:
    network = Wrapped(torch.relu).double()
    network.second.register_forward_hook(lambda module, args, out: out * 3)
    image, windows, patches = scene()
    expected = DenseEngine(network).outputs(image, windows, patches)
    engine = IncrementalEngine(network)
    torch.testing.assert_close(
        engine.outputs(image, windows, patches), expected, rtol=1e-12, atol=1e-12
    )
    paths = {node.name: node.path for node in engine.plan(image, windows, 4).nodes}
    assert paths["second"] == "dense"


def test_outputs_that_are_not_finite_are_an_error() -> None:
    network = Wrapped(torch.relu).double()
    assert network.second.bias is not None
    network.second.bias.data[0] = torch.inf
    with pytest.raises(ClassifierError, match="not finite for 1 of 1 clean images"):
        IncrementalEngine(network).outputs(*scene())

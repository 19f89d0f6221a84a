"""Networks as they come out of scripting, tracing, exporting, compiling and wrapping."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, export
from torch.optim.swa_utils import AveragedModel

from zoo.species import CHANNELS, CLASSES, Make


class Eager(nn.Module):
    """What these networks were before."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.n = nn.BatchNorm2d(CHANNELS)
        self.h = nn.Linear(CHANNELS, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.h(torch.relu(self.n(self.c(x))).mean((2, 3)))
        return scores


def eager() -> nn.Module:
    torch.manual_seed(0)
    return Eager().eval()


def saved(save: Callable[[nn.Module, Tensor], Any], batch: int = 2) -> Make:
    def make(height: int, width: int) -> nn.Module:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scripting announces its end
            network: nn.Module = save(eager(), torch.rand(batch, 3, height, width))
        return network

    return make


class WithAScriptInside(nn.Module):
    """A plain network around a scripted one."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.jit.script(eager())

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.inner(x) * 2
        return scores


def _dynamic(network: nn.Module, x: Tensor) -> nn.Module:
    return export(network, (x,), dynamic_shapes=({0: Dim("batch")},)).module()


def _compiled_inside(network: nn.Module, x: Tensor) -> nn.Module:
    compiled: Any = torch.compile(network)
    return nn.Sequential(compiled, nn.Identity())


SAVED: dict[str, Make] = {
    "eager": saved(lambda network, x: network),
    "scripted": saved(lambda network, x: torch.jit.script(network)),
    "traced": saved(torch.jit.trace),
    "traced for one image": saved(torch.jit.trace, batch=1),
    "frozen": saved(lambda network, x: torch.jit.freeze(torch.jit.script(network))),
    "a script inside": saved(lambda network, x: WithAScriptInside()),
    "exported": saved(_dynamic),
    "exported for one image": saved(lambda network, x: export(network, (x,)).module(), batch=1),
    "exported for two images": saved(lambda network, x: export(network, (x,)).module()),
    "exported for three images": saved(lambda network, x: export(network, (x,)).module(), batch=3),
    "data parallel": saved(lambda network, x: nn.DataParallel(network)),
    "compiled": saved(lambda network, x: torch.compile(network)),
    "compiled inside": saved(_compiled_inside),
    "averaged": saved(lambda network, x: AveragedModel(network)),
    "fx": saved(lambda network, x: torch.fx.symbolic_trace(network)),
}

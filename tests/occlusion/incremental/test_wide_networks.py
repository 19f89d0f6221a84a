"""Networks of many channels, which go Winograd's way, against whole passes in float64."""

from copy import deepcopy
from unittest.mock import patch as patched

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from single_passes import one_by_one
from torch import Tensor, nn

from gnomon.occlusion import winograd
from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.windows import window_grid

CHANNELS = 48
KINDS = ["wide", "wide", "relu", "point", "pool", "double", "residual"]


class Residual(nn.Module):
    def __init__(self, inner: nn.Module, first: bool) -> None:
        super().__init__()
        self.inner = inner
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.inner(x)
        return x + inner if self.first else inner + x


class Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 1 + (x + x)


@st.composite
def layers(draw: st.DrawFn) -> list[nn.Module]:
    made: list[nn.Module] = []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(KINDS))
        if kind == "wide":
            made.append(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=draw(st.integers(0, 2))))
        elif kind == "point":
            made.append(nn.Conv2d(CHANNELS, CHANNELS, 1))
        elif kind == "pool":
            made.append(nn.MaxPool2d(2, draw(st.integers(1, 2)), ceil_mode=draw(st.booleans())))
        elif kind == "residual":
            inner = [nn.ReLU(), nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.ReLU()]
            some = slice(draw(st.integers(0, 1)), draw(st.integers(1, 3)))
            made.append(Residual(nn.Sequential(*inner[some]), draw(st.booleans())))
        elif kind == "double":
            made.append(Doubled())
        else:
            made.append(nn.ReLU())
    return made


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.data())
def test_wide_networks_agree_with_whole_passes(data: st.DataObject) -> None:
    torch.manual_seed(data.draw(st.integers(0, 99)))
    body = data.draw(layers())
    height, width = data.draw(st.integers(14, 36)), data.draw(st.integers(14, 36))
    patch, stride = data.draw(st.integers(1, 12)), data.draw(st.integers(3, 9))
    network = nn.Sequential(
        nn.Conv2d(3, CHANNELS, 3, padding=1),
        *body,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(CHANNELS, 4),
    ).eval()
    image, windows = torch.randn(3, height, width), window_grid(height, width, patch, stride)
    patches = torch.randn(len(windows), 3, patch, patch)
    try:
        expected = one_by_one(deepcopy(network).double(), image.double(), windows, patches.double())
    except RuntimeError:  # an empty map
        return
    with patched.object(winograd, "LEAST_GAIN", 0.0), patched.object(winograd, "LEAST_ROWS", 1):
        found = IncrementalEngine(network).outputs(image, windows, patches)
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()

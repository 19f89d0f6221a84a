"""Each activation's rule, in float64, against formulas written out by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import erf, expit
from torch import Tensor, nn

from gnomon.backprop import guided
from gnomon.backprop.guided import guided_backward
from gnomon.errors import ClassifierError

Array = NDArray[np.float64]
Activation = Callable[[Tensor], Tensor]


def _one(z: Array) -> Array:
    return np.ones_like(z)


def _gelu(z: Array) -> Array:
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    slope: Array = (1 + erf(z / math.sqrt(2))) / 2 + z * density
    return slope


def _gelu_tanh(z: Array) -> Array:
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (z + 0.044715 * z**3))
    slope: Array = (1 + t) / 2 + z * (1 - t**2) * c * (1 + 3 * 0.044715 * z**2) / 2
    return slope


def _silu(z: Array) -> Array:
    slope: Array = expit(z) * (1 + z * (1 - expit(z)))
    return slope


def _mish(z: Array) -> Array:
    t = np.tanh(np.log1p(np.exp(z)))
    slope: Array = t + z * (1 - t**2) * expit(z)
    return slope


def _hardswish(z: Array) -> Array:
    return np.where(z < 3, (2 * z + 3) / 6, 1.0)


def _relu6(z: Array) -> Array:
    return (z < 6).astype(np.float64)


SLOPES: dict[str, Callable[[Array], Array]] = {
    "relu": _one,
    "relu6": _relu6,
    "leaky_relu": _one,
    "prelu": _one,
    "rrelu": _one,
    "elu": _one,
    "celu": _one,
    "selu": lambda z: np.full_like(z, 1.0507009873554804934193349852946),
    "silu": _silu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "hardswish": _hardswish,
    "mish": _mish,
    "softplus": expit,
    "softplus_2": lambda z: expit(2 * z),
    "threshold": lambda z: (z > 0.5).astype(np.float64),
}

FORMS: list[tuple[str, str, Activation]] = [
    ("relu", "module", nn.ReLU()),
    ("relu", "in-place module", nn.ReLU(inplace=True)),
    ("relu", "function", F.relu),
    ("relu", "in-place function", lambda z: F.relu(z, inplace=True)),
    ("relu", "torch", torch.relu),
    ("relu", "torch, in place", torch.relu_),
    ("relu", "method", lambda z: z.relu()),
    ("relu", "in-place method", lambda z: z.relu_()),
    ("relu", "clamp_min", lambda z: z.clamp_min(0)),
    ("relu", "clamp_min_", lambda z: z.clamp_min_(0)),
    ("relu", "clamp", lambda z: z.clamp(min=0)),
    ("relu", "clamp_", lambda z: torch.clamp_(z, min=0.0)),
    ("relu", "clip", lambda z: torch.clip(z, 0.0, None)),
    ("relu6", "module", nn.ReLU6()),
    ("relu6", "in-place module", nn.ReLU6(inplace=True)),
    ("relu6", "function", F.relu6),
    ("relu6", "hardtanh", nn.Hardtanh(0, 6, inplace=True)),
    ("relu6", "clamp", lambda z: z.clamp(0, 6)),
    ("leaky_relu", "module", nn.LeakyReLU(0.2)),
    ("leaky_relu", "in-place module", nn.LeakyReLU(0.2, inplace=True)),
    ("leaky_relu", "function", F.leaky_relu),
    ("prelu", "module", nn.PReLU(init=0.3)),
    ("prelu", "per channel", nn.PReLU(4, init=-0.3)),
    ("rrelu", "module", nn.RReLU().eval()),
    ("rrelu", "in-place module", nn.RReLU(inplace=True).eval()),
    ("elu", "module", nn.ELU(0.7)),
    ("elu", "in-place module", nn.ELU(0.7, inplace=True)),
    ("elu", "function", F.elu),
    ("celu", "module", nn.CELU(0.7)),
    ("celu", "in-place module", nn.CELU(0.7, inplace=True)),
    ("selu", "module", nn.SELU()),
    ("selu", "in-place module", nn.SELU(inplace=True)),
    ("silu", "module", nn.SiLU()),
    ("silu", "in-place module", nn.SiLU(inplace=True)),
    ("silu", "function", F.silu),
    ("gelu", "module", nn.GELU()),
    ("gelu", "function", F.gelu),
    ("gelu_tanh", "module", nn.GELU("tanh")),
    ("hardswish", "module", nn.Hardswish()),
    ("hardswish", "in-place module", nn.Hardswish(inplace=True)),
    ("mish", "module", nn.Mish()),
    ("mish", "in-place module", nn.Mish(inplace=True)),
    ("softplus", "module", nn.Softplus()),
    ("softplus_2", "function", lambda z: F.softplus(z, beta=2.0)),
    ("threshold", "module", nn.Threshold(0.5, 0.1)),
    ("threshold", "in-place module", nn.Threshold(0.5, 0.1, inplace=True)),
]

GATES: list[tuple[str, Activation]] = [
    ("sigmoid", torch.sigmoid),
    ("hardsigmoid", F.hardsigmoid),
    ("tanh", torch.tanh),
    ("hardtanh", F.hardtanh),
    ("softsign", F.softsign),
    ("logsigmoid", F.logsigmoid),
    ("softshrink", F.softshrink),
    ("glu", lambda z: F.glu(z, -1).repeat(1, 2)),
    ("clamp to other bounds", lambda z: z.clamp(0, 1)),
    ("clamp from another bound", lambda z: z.clamp(min=1e-6)),
]


@pytest.fixture
def overridden(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry, the size of what arrived, for each activation that the rule met."""
    met: list[int] = []
    plain = guided._GuidedRule.guide

    def counted(rule: guided._GuidedRule, arrived: Tensor, z: Tensor) -> Tensor:
        met.append(arrived.numel())
        return plain(rule, arrived, z)

    monkeypatch.setattr(guided._GuidedRule, "guide", counted)
    return met


def _arrives(act: Activation, z: Tensor, above: Tensor) -> Tensor:
    leaf = z.clone().requires_grad_()
    return guided_backward(act(leaf * 1.0), leaf, above)


def _z_and_above() -> tuple[Tensor, Tensor]:
    z = torch.tensor([-7.0, -2.5, -1e-3, 0.0, 1e-3, 0.4, 0.6, 2.5, 3.5, 6.5], dtype=torch.float64)
    above = torch.tensor([2.0, -3.0, 0.0, 0.5], dtype=torch.float64)
    return z[:, None].expand(10, 4).clone(), above.expand(10, 4).clone()


@pytest.mark.parametrize(
    ("name", "act"),
    [pytest.param(name, act, id=f"{name}, {form}") for name, form, act in FORMS],
)
def test_an_activation_follows_its_formula_and_counts_once(
    name: str, act: Activation, overridden: list[int]
) -> None:
    if isinstance(act, nn.Module):
        act = act.double()
    z, above = _z_and_above()
    expected = (z.numpy() > 0) * SLOPES[name](z.numpy()) * np.maximum(above.numpy(), 0)
    np.testing.assert_allclose(_arrives(act, z, above).numpy(), expected, rtol=1e-12, atol=1e-15)
    assert overridden == [40]


@pytest.mark.parametrize("act", [pytest.param(act, id=name) for name, act in GATES])
def test_a_gate_keeps_its_own_derivative(act: Activation, overridden: list[int]) -> None:
    z, above = _z_and_above()
    gated = (1 - F.relu(z)).requires_grad_()
    (through_gate,) = torch.autograd.grad(act(gated), gated, above)
    expected = (z > 0) * F.relu(-through_gate)
    assert expected.max() > 0
    torch.testing.assert_close(_arrives(lambda z: act(1 - F.relu(z)), z, above), expected)
    assert overridden == [40]


def test_gates_alone_are_an_error_that_names_the_alternatives() -> None:
    z, above = _z_and_above()
    with pytest.raises(ClassifierError, match=r"no activation .* 'gradient' or 'smoothgrad'"):
        _arrives(torch.sigmoid, z, above)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    name=st.sampled_from(range(len(FORMS))),
    seed=st.integers(0, 2**31),
    scale=st.floats(1e-3, 1e3),
)
def test_what_arrives_is_never_negative_and_scales(name: int, seed: int, scale: float) -> None:
    act = FORMS[name][2]
    if isinstance(act, nn.Module):
        act = act.double()
    random = torch.Generator().manual_seed(seed)
    z, above = torch.randn(2, 5, 4, generator=random, dtype=torch.float64) * 4
    arrived = _arrives(act, z, above)
    assert (arrived >= 0).all()
    assert (arrived[(z <= 0) | (above <= 0)] == 0).all()
    torch.testing.assert_close(_arrives(act, z, scale * above), scale * arrived)


def test_a_function_with_its_own_backward_is_refused() -> None:
    class Swish(torch.autograd.Function):
        @staticmethod
        def forward(ctx: torch.autograd.function.FunctionCtx, z: Tensor) -> Tensor:
            ctx.save_for_backward(z)
            return z * torch.sigmoid(z)

        @staticmethod
        def backward(ctx: torch.autograd.function.FunctionCtx, arrived: Tensor) -> Tensor:
            raise AssertionError("never reached")

    z, above = _z_and_above()
    with pytest.raises(ClassifierError, match=r"SwishBackward.*'gradient' or 'smoothgrad'"):
        _arrives(lambda z: Swish.apply(F.relu(z)), z, above)

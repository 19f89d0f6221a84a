"""The score's derivative against autograd, and against 60 digits where autograd has none left."""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gnomon.backprop.methods import FINE_METHODS, fine_map
from gnomon.backprop.targets import cotangent
from gnomon.classifier.classifier import Classifier
from gnomon.errors import SettingError
from gnomon.presets import Target
from gnomon.types import Image

Classify = Callable[..., Classifier]
MakeImage = Callable[..., Image]

SCORES: dict[Target, Callable[[Tensor], Tensor]] = {
    "probability": lambda z: z.softmax(1),
    "log-probability": lambda z: z.log_softmax(1),
    "logit": lambda z: z,
}


def _derivative(logits: Tensor, label_index: int, target: Target) -> Tensor:
    direction, scale = cotangent(logits, label_index, target)
    return direction * scale[:, None]


@settings(derandomize=True, deadline=None)
@given(
    target=st.sampled_from(list(SCORES)),
    classes=st.integers(2, 6),
    label=st.integers(0, 5),
    seed=st.integers(0, 2**31),
)
def test_equals_autograd_in_float64(target: Target, classes: int, label: int, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(4, classes, generator=random, dtype=torch.float64)
    logits.requires_grad_()
    score = SCORES[target](logits)[:, label % classes].sum()
    (expected,) = torch.autograd.grad(score, logits)
    found = _derivative(logits, label % classes, target)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("margin", [0.0, 17.5, 40.0, 300.0, -40.0, -300.0])
def test_holds_where_the_probability_rounds_to_0_or_1(margin: float) -> None:
    logits = [margin, 0.0, -1.25]
    with localcontext(prec=300):
        powers = [Decimal(z).exp() for z in logits]
        p = [power / sum(powers) for power in powers]
        of_log = [1 - p[0], -p[1], -p[2]]
        expected = {
            "probability": [float(p[0] * slope) for slope in of_log],
            "log-probability": [float(slope) for slope in of_log],
        }
    for target in ("probability", "log-probability"):
        found = _derivative(torch.tensor([logits]), 0, target)[0]
        np.testing.assert_allclose(found.numpy(), expected[target], rtol=1e-12)


def test_the_direction_is_1_at_its_largest() -> None:
    logits = torch.tensor([[50.0, 1.0, 2.0], [-50.0, 1.0, 2.0]])
    for target in SCORES:
        direction, _ = cotangent(logits, 0, target)
        assert (direction[:, 0] == 1).all()
        assert (direction[:, 1:].abs() <= 1).all()


class _TwoClasses(nn.Module):
    """One unit decides, with a margin of about ``steep``."""

    def __init__(self, steep: float) -> None:
        super().__init__()
        self.steep = steep
        self.weight = nn.Parameter(torch.linspace(0.2, 1, 3 * 16 * 16).view(3, 16, 16))

    def forward(self, x: Tensor) -> Tensor:
        unit = (1 + (x * self.weight).sum((1, 2, 3)) / self.weight.sum()).relu()
        return torch.stack([unit * self.steep, unit * 0], 1)


@pytest.mark.parametrize("method", ["guided", "gradient"])
@pytest.mark.parametrize("steep", [1.0, 60.0, 80.0])
def test_a_saturated_network_keeps_its_map(
    method: str, steep: float, classify: Classify, make_image: MakeImage
) -> None:
    network = _TwoClasses(steep)
    classifier = classify(network)
    image = make_image()
    logits = classifier.logits(image.pixels[None]).detach()
    margin = float(logits[0, 0])
    if steep > 1:
        assert logits.softmax(1)[0, 0] == 1.0
    std = torch.tensor(classifier.preprocessing.std)[:, None, None]
    slope = steep * network.weight.detach() / network.weight.detach().sum() / std
    expected = slope.amax(0).numpy() * math.exp(-margin) / (1 + math.exp(-margin)) ** 2
    found = fine_map(classifier, image, method=method).values
    assert found.min() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("method", FINE_METHODS)
def test_unknown_targets_and_classes_are_named(
    method: str, classify: Classify, make_image: MakeImage
) -> None:
    classifier = classify(_TwoClasses(1.0))
    with pytest.raises(SettingError, match="did you mean 'logit'"):
        fine_map(classifier, make_image(), method=method, target="logits")  # type: ignore[arg-type]  # wrong on purpose
    for label_index in (-1, 2):
        with pytest.raises(SettingError, match=f"label_index is {label_index}.*0 to 1"):
            fine_map(classifier, make_image(), method=method, label_index=label_index)

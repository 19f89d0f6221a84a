"""Guided backpropagation lit by inner layers, against hooks on a network of ReLU modules."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gnomon.backprop.guided import guided
from gnomon.backprop.layers import _channels, _inner, guided_layers, layers, layers_views
from gnomon.backprop.methods import fine_map, guided_backprop
from gnomon.backprop.views import seen_back, views_of
from gnomon.classifier.classifier import Classifier
from gnomon.types import Floats, Image

Classify = Callable[..., Classifier]
MakeImage = Callable[..., Image]


def _plain() -> nn.Sequential:
    """Seven convolutions with ReLUs, the map halved once in the middle."""
    torch.manual_seed(7)
    layers: list[nn.Module] = []
    for index in range(7):
        stride = 2 if index == 3 else 1
        layers += [nn.Conv2d(3 if index == 0 else 6, 6, 3, stride, 1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))


def _by_hooks(
    classifier: Classifier, image: Image, label_index: int
) -> tuple[Floats, list[Tensor]]:
    """Guide with module hooks: what arrives at the pixels, and each ReLU's evidence."""
    inputs: dict[nn.Module, Tensor] = {}
    evidence: list[Tensor] = []

    def before(module: nn.Module, given: tuple[Tensor]) -> None:
        inputs[module] = given[0].detach()

    def back(module: nn.Module, to: tuple[Tensor], arrived: tuple[Tensor]) -> tuple[Tensor]:
        positive = arrived[0].relu()
        evidence.insert(0, (positive * inputs[module].relu()).sum(1)[0])
        return (positive * (inputs[module] > 0),)

    relus = [m for m in classifier.network.modules() if isinstance(m, nn.ReLU)]
    hooks = [m.register_forward_pre_hook(before) for m in relus]
    hooks += [m.register_full_backward_hook(back) for m in relus]
    pixels = image.pixels[None].double().requires_grad_()
    torch.autograd.backward(classifier.logits(pixels).softmax(1)[0, label_index])
    for hook in hooks:
        hook.remove()
    assert pixels.grad is not None
    return pixels.grad[0].abs().amax(0).numpy(), evidence


def test_equals_what_hooks_find(classify: Classify, make_image: MakeImage) -> None:
    """Of seven ReLUs the fifth alone lies between 60 % and 80 % of the way."""
    classifier, image = classify(_plain().double(), size=(16, 24)), make_image(16, 24)
    found = fine_map(classifier, image, method="guided-layers", label_index=1)
    pixels, evidence = _by_hooks(classifier, image, 1)
    fifth = evidence[4][None, None]
    light = nn.functional.interpolate(fifth, (16, 24), mode="bilinear")[0, 0].numpy()
    expected = pixels ** (1 / 4) * light / fifth.mean().item()
    assert expected.max() > 0
    np.testing.assert_allclose(found.values, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("count", range(1, 60))
def test_the_layers_read_lie_between_60_and_80_percent_of_the_way(count: int) -> None:
    chosen = [int(one) + 1 for one in _inner([torch.tensor(index) for index in range(count)])]
    between = [n for n in range(1, count + 1) if 6 * count <= 10 * n <= 8 * count]
    assert chosen == (between or [count])


def test_a_network_without_maps_is_read_at_the_pixels(
    classify: Classify, make_image: MakeImage
) -> None:
    torch.manual_seed(0)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 256, 8), nn.ReLU(), nn.Linear(8, 3))
    classifier, image = classify(flat), make_image()
    found = fine_map(classifier, image, method="guided-layers", label_index=1)
    expected = guided_backprop(classifier, image, label_index=1)
    np.testing.assert_array_equal(found.values, expected.values)


def test_channels_may_come_last(classify: Classify, make_image: MakeImage) -> None:
    """ConvNeXt and Swin permute their maps and put linear layers between."""

    class Last(nn.Module):
        def __init__(self, plain: nn.Sequential) -> None:
            super().__init__()
            self.plain = plain

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.plain:
                x = (
                    layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
                    if isinstance(layer, nn.ReLU)
                    else layer(x)
                )
            return x

    image = make_image(16, 24)
    maps = [
        fine_map(classify(net, size=(16, 24)), image, method="guided-layers", label_index=1).values
        for net in (_plain(), Last(_plain()))
    ]
    np.testing.assert_allclose(maps[1], maps[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((1, 8, 14, 14), 1),
        ((1, 14, 14, 8), 3),
        ((1, 14, 14, 14), 1),
        ((1, 8, 1, 1), None),
        ((1, 196, 8), None),
        ((1, 8, 14, 28), None),
    ],
)
def test_which_axis_holds_the_channels(shape: tuple[int, ...], axis: int | None) -> None:
    assert _channels(torch.zeros(shape), 224, 224) == axis


@pytest.mark.parametrize("side", [160, 200, 223, 225, 299])
def test_maps_of_odd_sizes_are_maps(side: int) -> None:
    """Whether a layer's padding rounds up or down, its map is as wide and high as the image."""
    for step in (2, 4, 8, 16, 32):
        for rounded in (-(-side // step), side // step):
            z = torch.zeros(1, 7, rounded, 320 // step)
            assert (_channels(z, side, 320) == 1) == (rounded > 1)


def test_layers_are_the_evidence_that_lights_the_pixels(
    classify: Classify, make_image: MakeImage
) -> None:
    classifier, image = classify(_plain().double(), size=(32, 32)), make_image(32, 32)
    options: dict[str, Any] = {"label_index": 1, "target": "probability", "seed": 0}
    lit = guided_layers(classifier, image, **options)
    pixels = guided(classifier, image, **options).abs().amax(0)
    evidence = layers(classifier, image, **options)
    torch.testing.assert_close(lit[0], pixels ** (1 / 4) * evidence[0])


def test_views_give_the_mean_of_what_each_view_gives(
    classify: Classify, make_image: MakeImage
) -> None:
    classifier, image = classify(_plain().double(), size=(32, 48)), make_image(32, 48)
    options: dict[str, Any] = {"label_index": 1, "target": "probability", "seed": 0}
    each = [
        layers(classifier, replace(image, pixels=view.contiguous()), **options)[:1]
        for view in views_of(image.pixels)
    ]
    expected = seen_back(torch.stack(each))[0]
    torch.testing.assert_close(layers_views(classifier, image, **options)[2], expected)


class OneAtATime(nn.Module):
    """A network that takes a single image."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = _plain()

    def forward(self, x: Tensor) -> Tensor:
        if len(x) != 1:
            raise ValueError("one image at a time")
        scores: Tensor = self.inner(x)
        return scores


def test_views_of_a_network_that_takes_one_image_at_a_time(
    classify: Classify, make_image: MakeImage
) -> None:
    options: dict[str, Any] = {"label_index": 1, "target": "probability", "seed": 0}
    image = make_image(32, 48)
    alone = classify(OneAtATime().double(), size=(32, 48))
    together = classify(_plain().double(), size=(32, 48))
    expected = layers_views(together, image, **options)
    torch.testing.assert_close(layers_views(alone, image, **options), expected)

"""The fine methods by name, their plug point, and what each promises."""

import colorsys
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gnomon.backprop.gradients import gradient, pixel_gradient, smoothgrad
from gnomon.backprop.methods import FINE_METHODS, fine_map, guided_backprop
from gnomon.classifier.classifier import Classifier
from gnomon.errors import SettingError
from gnomon.types import Image

Classify = Callable[..., Classifier]
MakeImage = Callable[..., Image]


def _network(channels: int = 4) -> nn.Module:
    torch.manual_seed(0)
    body = [nn.Conv2d(3, channels, 3), nn.ReLU(), nn.Conv2d(channels, channels, 3), nn.ReLU()]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * channels, 3))


class Linear(nn.Module):
    """A network whose gradient is the same everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 3, 16, 16, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("nchw,kchw->nk", x, self.weight)


@pytest.mark.parametrize("method", FINE_METHODS)
def test_a_map_is_the_largest_channel_of_the_predicted_class(
    method: str, classify: Classify, make_image: MakeImage
) -> None:
    classifier, image = classify(_network(), size=(16, 24)), make_image(16, 24)
    label_index = int(classifier.probabilities(image.pixels[None]).argmax())
    signed = FINE_METHODS[method](
        classifier, image, label_index=label_index, target="probability", seed=0
    )
    found = fine_map(classifier, image, method=method)
    assert found.kind == "fine"
    assert found.values.shape == (16, 24)
    np.testing.assert_array_equal(found.values, signed.abs().amax(0).numpy().astype(np.float32))
    other = fine_map(classifier, image, method=method, label_index=(label_index + 1) % 3)
    assert (other.values != found.values).any()


def test_guided_backprop_is_the_method_of_that_name(
    classify: Classify, make_image: MakeImage
) -> None:
    classifier, image = classify(_network()), make_image()
    short = guided_backprop(classifier, image, target="logit", label_index=1)
    long = fine_map(classifier, image, method="guided", target="logit", label_index=1)
    np.testing.assert_array_equal(short.values, long.values)


def test_the_gradient_is_the_slope_of_the_score(classify: Classify, make_image: MakeImage) -> None:
    classifier, image = classify(_network().double()), make_image()
    found = gradient(classifier, image, label_index=1, target="probability", seed=0)
    for channel, y, x in [(0, 3, 4), (1, 0, 15), (2, 8, 8)]:
        step = torch.zeros(3, 16, 16, dtype=torch.float64)
        step[channel, y, x] = 1e-5
        pixels = torch.stack([image.pixels + step, image.pixels - step])
        above, below = classifier.probabilities(pixels)[:, 1]
        assert float(found[channel, y, x]) == pytest.approx(float(above - below) / 2e-5, rel=1e-4)


def test_images_in_a_batch_do_not_mix(classify: Classify) -> None:
    classifier = classify(_network())
    pixels = torch.rand(3, 3, 16, 16)
    together = pixel_gradient(classifier, pixels, label_index=1, target="probability")
    for row, alone in zip(together, pixels, strict=True):
        expected = pixel_gradient(classifier, alone[None], label_index=1, target="probability")[0]
        tolerance = 1e-5 * float(expected.abs().max())
        torch.testing.assert_close(row, expected, rtol=0, atol=tolerance)


def test_smoothgrad_depends_on_seed_and_content_alone(
    classify: Classify, make_image: MakeImage
) -> None:
    classifier = classify(_network())

    def values(seed: int, content: str, global_seed: int) -> Any:
        torch.manual_seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002 - that the old global state has no say
        image = make_image(content=content)
        return fine_map(classifier, image, method="smoothgrad", seed=seed).values

    first = values(1, "a", 0)
    np.testing.assert_array_equal(first, values(1, "a", 5))
    assert (first != values(2, "a", 0)).any()
    assert (first != values(1, "b", 0)).any()


@pytest.mark.parametrize("contrast", [1.0, 0.25])
def test_smoothgrad_averages_the_gradient_over_its_noise(
    classify: Classify, make_image: MakeImage, contrast: float
) -> None:
    seen: list[Tensor] = []

    class Watched(Linear):
        def forward(self, x: Tensor) -> Tensor:
            if x.requires_grad:
                seen.append(x.detach())
            return super().forward(x)

    classifier, image = classify(Watched()), make_image()
    image = replace(image, pixels=0.3 + contrast * image.pixels)
    found = smoothgrad(classifier, image, label_index=1, target="logit", seed=0, noise=0.2)
    plain = gradient(classifier, image, label_index=1, target="logit", seed=0)
    torch.testing.assert_close(found, plain, rtol=1e-6, atol=0)
    noise = torch.cat(seen[:50]) * torch.tensor(classifier.preprocessing.std)[:, None, None]
    noise += torch.tensor(classifier.preprocessing.mean)[:, None, None]
    noise -= image.pixels
    assert len(seen) == 51
    assert float(noise.std()) == pytest.approx(0.2 * contrast, rel=0.02)
    assert abs(float(noise.mean())) < 0.005
    assert len({float(copy[0, 0, 0]) for copy in noise}) == 50


def squared(
    classifier: Classifier, image: Image, *, label_index: int, target: object, seed: int
) -> Tensor:
    return image.pixels**2


def test_a_method_from_outside(
    classify: Classify, make_image: MakeImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colorsys, "squared", squared, raising=False)
    image = make_image()
    found = fine_map(classify(_network()), image, method="colorsys:squared").values
    np.testing.assert_array_equal(found, (image.pixels**2).amax(0).numpy())


def test_an_unknown_method_is_named(classify: Classify, make_image: MakeImage) -> None:
    with pytest.raises(SettingError, match=r"'smoothgrd'; did you mean 'smoothgrad'"):
        fine_map(classify(_network()), make_image(), method="smoothgrd")


@pytest.mark.parametrize("wrong", [lambda p: p[0], lambda p: p / 0, lambda p: p[..., :-1]])
def test_a_method_that_gives_no_map_is_an_error(
    wrong: Callable[[Tensor], Tensor],
    classify: Classify,
    make_image: MakeImage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    methods: dict[str, object] = {"wrong": lambda _, image, **__: wrong(image.pixels)}
    monkeypatch.setattr("gnomon.backprop.methods.FINE_METHODS", methods)
    with pytest.raises(SettingError, match=r"'wrong' gives .* not"):
        fine_map(classify(_network()), make_image(), method="wrong")


def test_smoothgrad_can_be_bound_to_other_numbers(
    classify: Classify, make_image: MakeImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_copies = functools.partial(smoothgrad, copies=2)
    monkeypatch.setattr(colorsys, "few", few_copies, raising=False)
    classifier, image = classify(_network()), make_image()
    few = fine_map(classifier, image, method="colorsys:few").values
    assert (few != fine_map(classifier, image, method="smoothgrad").values).any()

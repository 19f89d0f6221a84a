"""The embedded classifiers on a photograph, against hooks on a copy of the network."""

import copy
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gnomon.backprop.gradients import pixel_gradient
from gnomon.backprop.guided import guided_backward
from gnomon.backprop.methods import fine_map
from gnomon.classifier.classifier import Classifier
from gnomon.classifier.load import load_classifier
from gnomon.geometry import Affine
from gnomon.types import Image

SIZE = (96, 120)


def _cat() -> Image:
    photograph = skimage.data.chelsea()
    cat = torch.from_numpy(photograph.copy()).permute(2, 0, 1)[None] / 255
    pixels = F.interpolate(cat, SIZE, mode="area")[0]
    return Image(pixels, "chelsea", "cat", SIZE[::-1], Affine.identity())


def _positive(module: nn.Module, into: Any, above: Any) -> tuple[Tensor]:
    return (into[0].clamp(min=0),)


def _hooked(classifier: Classifier, pixels: Tensor, label_index: int) -> Tensor:
    """Clamp the gradient at every ReLU and ReLU6 module, in float64, as Captum does at ReLUs."""
    network = copy.deepcopy(classifier.network).double()
    for module in network.modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):
            module.inplace = False
            module.register_full_backward_hook(_positive)
    leaf = pixels.double().requires_grad_()
    p = network(classifier.preprocessing.normalize(leaf)).softmax(1)
    (found,) = torch.autograd.grad(p[0, label_index], leaf)
    return found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("embedded/efficientnet-lite0", marks=pytest.mark.slow),
        "embedded/squeezenet1_1",
    ],
)
def test_equals_hooks_on_every_rectifier(name: str) -> None:
    classifier, image = load_classifier(name, size=SIZE), _cat()
    label_index = int(classifier.probabilities(image.pixels[None]).argmax())
    assert "cat" in classifier.class_names[label_index].lower()
    expected = _hooked(classifier, image.pixels[None], label_index)
    largest = float(expected.abs().max())
    precise = Classifier(copy.deepcopy(classifier.network).double(), classifier.preprocessing)
    found = pixel_gradient(
        precise,
        image.pixels[None].double(),
        label_index=label_index,
        target="probability",
        backward=guided_backward,
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10 * largest)
    shown = fine_map(classifier, image).values
    strength = expected[0].abs().amax(0).numpy()
    np.testing.assert_allclose(shown, strength, rtol=0, atol=1e-4 * largest)

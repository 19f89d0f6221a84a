from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn
from torchvision.models import get_model

from gnomon.classifier import Classifier
from gnomon.datasets import Sample
from gnomon.errors import ClassifierError
from gnomon.evaluation.grad_cam import grad_cam, grad_cam_peaks
from gnomon.geometry import Affine
from gnomon.types import Image


def noise(size: int = 96) -> Image:
    pixels = torch.rand((3, size, size), generator=torch.Generator().manual_seed(1))
    return Image(pixels, "noise", "x", (2 * size, size), Affine.resize((size, size), (192, 96)))


@pytest.mark.parametrize(("name", "layer"), [("resnet18", "layer4"), ("vgg11", "avgpool")])
@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")  # Captum's own
def test_it_is_captums(name: str, layer: str) -> None:
    torch.manual_seed(0)
    classifier = Classifier(get_model(name, weights=None, num_classes=7))
    image = noise()
    ours = grad_cam(classifier, image, label_index=3)
    module = classifier.network.get_submodule(layer)
    explained = LayerGradCam(classifier.logits, module)
    theirs = explained.attribute(image.pixels[None], target=3, relu_attributions=True)
    theirs = LayerGradCam.interpolate(theirs, (96, 96), "bilinear")[0, 0].detach().numpy()
    np.testing.assert_allclose(ours.values, theirs, rtol=1e-4, atol=1e-6 * theirs.max())
    assert ours.values.max() > 0


def test_the_network_is_as_it_was() -> None:
    classifier = Classifier(get_model("squeezenet1_1", weights=None, num_classes=5))
    before = {name: value.clone() for name, value in classifier.network.state_dict().items()}
    grad_cam(classifier, noise())
    assert not any(module._forward_hooks for module in classifier.network.modules())
    assert all(parameter.grad is None for parameter in classifier.network.parameters())
    for name, value in classifier.network.state_dict().items():
        assert torch.equal(value, before[name])


def test_the_default_class_is_the_predicted_one() -> None:
    torch.manual_seed(2)
    classifier = Classifier(get_model("resnet18", weights=None, num_classes=7))
    label = int(classifier.logits(noise().pixels[None]).argmax())
    np.testing.assert_array_equal(
        grad_cam(classifier, noise()).values, grad_cam(classifier, noise(), label).values
    )


def test_peaks_are_the_best_places_in_file_pixels() -> None:
    torch.manual_seed(0)
    classifier = Classifier(get_model("resnet18", weights=None, num_classes=7))
    found = grad_cam_peaks(classifier)(noise(), Sample(Path("a.png")), 15, 0)
    assert found.frame == "file"
    assert len(found) == 15
    values = grad_cam(classifier, noise()).values
    x, y = noise().to_file.inverse().apply(found.xy)[0].round().astype(int)
    assert values[y, x] == values.max()


def test_a_network_without_a_map_gets_a_sentence() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 4))
    with pytest.raises(ClassifierError, match="Sequential has no spatial feature map"):
        grad_cam(Classifier(flat), noise(224))

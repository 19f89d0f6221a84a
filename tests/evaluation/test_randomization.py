import pytest
import timm
import torch
from torch import nn
from torchvision.models import get_model

from gnomon.classifier import Classifier, Preprocessing
from gnomon.evaluation.randomization import randomized, weighted_layers

SMALL = Preprocessing(size=(64, 64))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    torch.manual_seed(0)
    return Classifier(get_model("squeezenet1_1", weights=None, num_classes=5), SMALL)


def test_layers_stand_in_the_order_of_computation() -> None:
    class Backwards(nn.Module):
        """Defines its layers in another order than that in which it calls them."""

        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(4, 3)
            self.first = nn.Conv2d(3, 4, 3)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.first(pixels)
            outputs: torch.Tensor = self.last(features.mean((2, 3)))
            return outputs

    assert weighted_layers(Classifier(Backwards(), SMALL)) == ("first", "last")


def test_every_weight_of_any_network_is_in_some_layer() -> None:
    for name in ("vit_tiny_patch16_224", "resnet18"):
        network = timm.create_model(name, pretrained=False, num_classes=4)
        layers = weighted_layers(Classifier(network))
        assert layers[-1] in ("head", "fc")
        held = {
            f"{layer}.{name}".lstrip(".")
            for layer in layers
            for name, _ in network.get_submodule(layer).named_parameters(recurse=False)
        }
        assert held == {name for name, _ in network.named_parameters()}


def test_the_layers_asked_for_are_shuffled_and_nothing_else(classifier: Classifier) -> None:
    before = {name: one.clone() for name, one in classifier.network.state_dict().items()}
    layers = weighted_layers(classifier)[-3:]
    other = randomized(classifier, layers)
    for name, after in other.network.state_dict().items():
        assert torch.equal(classifier.network.state_dict()[name], before[name])
        shuffled = name.rpartition(".")[0] in layers and before[name].unique().numel() > 1
        assert torch.equal(after, before[name]) != shuffled, name
        assert torch.equal(after.flatten().sort()[0], before[name].flatten().sort()[0])


def test_it_depends_on_seed_and_layer_alone(classifier: Classifier) -> None:
    layers = weighted_layers(classifier)
    few, many = randomized(classifier, layers[-2:]), randomized(classifier, layers)
    name = f"{layers[-1]}.weight"
    weight = few.network.state_dict()[name]
    assert torch.equal(weight, many.network.state_dict()[name])
    assert not torch.equal(weight, randomized(classifier, layers, 1).network.state_dict()[name])


def test_no_hook_stays(classifier: Classifier) -> None:
    weighted_layers(classifier)
    assert not any(one._forward_pre_hooks for one in classifier.network.modules())

import copy
import hashlib
import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gnomon.classifier import Classifier, Preprocessing
from gnomon.classifier.copying import structural_copy
from gnomon.errors import ClassifierError, SettingError

Make = Callable[..., nn.Sequential]
SMALL = Preprocessing(size=(8, 12))


class Returning(nn.Module):
    """Gives what a function of the input gives."""

    def __init__(self, function: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.function = function

    def forward(self, pixels: Tensor) -> object:
        return self.function(pixels)


def test_the_given_network_stays_as_it_was(tiny: Make) -> None:
    network = tiny().train()
    network[0].eval()
    network[6].weight.requires_grad_(False)
    network[2].register_forward_hook(lambda *_: None)
    before = copy.deepcopy(network.state_dict())
    classifier = Classifier(network, SMALL)
    classifier.probabilities(torch.rand(5, 3, 8, 12))
    assert [part.training for part in network] == [False] + [True] * 6
    assert [len(part._forward_hooks) for part in network] == [0, 0, 1, 0, 0, 0, 0]
    assert not network[6].weight.requires_grad
    assert all(parameter.grad is None for parameter in network.parameters())
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_weights_are_shared_and_modules_are_not(tiny: Make) -> None:
    network = tiny().train()
    classifier = Classifier(network, SMALL)
    assert not any(part.training for part in classifier.network.modules())
    own, given = classifier.network.state_dict(), network.state_dict()
    assert own.keys() == given.keys()
    shared = {name for name in given if own[name].data_ptr() == given[name].data_ptr()}
    assert shared == dict(network.named_parameters()).keys()
    classifier.network.get_submodule("2").register_forward_hook(lambda *_: None)
    assert not network[2]._forward_hooks


def test_outputs_are_the_network_s_own(tiny: Make) -> None:
    network, pixels = tiny().eval(), torch.rand(4, 3, 8, 12)
    classifier = Classifier(network, SMALL, ("a", "b", "c"), "mine")
    expected = network(SMALL.normalize(pixels))
    torch.testing.assert_close(classifier.logits(pixels), expected)
    probabilities = classifier.probabilities(pixels)
    assert probabilities.dtype == torch.float64
    assert not probabilities.requires_grad
    torch.testing.assert_close(probabilities, expected.detach().double().softmax(1))
    assert (classifier.name, classifier.class_names) == ("mine", ("a", "b", "c"))


def test_double_networks_get_double_pixels(tiny: Make) -> None:
    classifier = Classifier(tiny().double(), SMALL)
    assert classifier.dtype == torch.float64
    assert classifier.logits(torch.rand(1, 3, 8, 12)).dtype == torch.float64


def test_names_are_made_up_or_counted(tiny: Make) -> None:
    classifier = Classifier(tiny(2), SMALL)
    assert classifier.class_names == ("class 0", "class 1")
    assert classifier.name == "Sequential"
    with pytest.raises(ClassifierError, match="has 2 classes but 3 class names"):
        Classifier(tiny(2), SMALL, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: x.mean((2, 3)).long(), "a real number for each class"),
        (lambda x: x.mean((2, 3))[:, :0], "a real number for each class"),
        (lambda x: x, "gives (2, 3, 8, 12) for 2 images"),
        (lambda x: x.mean((0, 2, 3)), "gives (3,) for 2 images"),
        (lambda x: x.mean((2, 3))[:1], "gives (1, 3) for 2 images"),
        (lambda x: {"logits": x}, "gives dict for 2 images"),
        (lambda x: x.mean((2, 3)) / 0, "not finite"),
        (lambda x: nn.functional.linear(x, torch.zeros(2, 5)), "needs a network with a spatial"),
    ],
)
def test_what_is_no_image_classifier_is_said(
    function: Callable[[Tensor], object], says: str
) -> None:
    with pytest.raises(ClassifierError) as caught:
        Classifier(Returning(function), SMALL)
    assert says in str(caught.value)


def test_a_table_network_is_refused() -> None:
    with pytest.raises(ClassifierError, match=r"does not take images of shape \(2, 3, 8, 12\)"):
        Classifier(nn.Linear(20, 4), SMALL)


def test_infinite_outputs_for_one_image_are_said(tiny: Make) -> None:
    classifier = Classifier(tiny(), SMALL)
    with pytest.raises(ClassifierError, match="not finite for this image"):
        classifier.probabilities(torch.full((1, 3, 8, 12), float("nan")))


def test_what_cannot_be_copied_is_said(tiny: Make) -> None:
    network = tiny()
    network.__dict__["lock"] = threading.Lock()
    with pytest.raises(ClassifierError, match=r"Sequential cannot be copied .*lock"):
        Classifier(network, SMALL)


def test_lazy_networks_are_not_filled_in() -> None:
    network = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    with pytest.raises(ClassifierError, match="run it once"):
        Classifier(network, SMALL)
    assert isinstance(network[1], nn.LazyLinear)


def test_digest_is_over_names_and_bytes(tiny: Make) -> None:
    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))

        def forward(self, pixels: Tensor) -> Tensor:
            return pixels.mean((2, 3)) @ self.weight.T

    weight = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    text = b"weight torch.float32 (2, 3)\n" + weight.numpy().tobytes()
    assert Classifier(One(), SMALL).weights_sha256 == hashlib.sha256(text).hexdigest()

    network = tiny()
    first = Classifier(network, SMALL).weights_sha256
    assert Classifier(copy.deepcopy(network), SMALL).weights_sha256 == first
    channels_last = copy.deepcopy(network).to(memory_format=torch.channels_last)
    assert Classifier(channels_last, SMALL).weights_sha256 == first
    network.state_dict()["1.running_mean"][0] = 1e-30
    assert Classifier(network, SMALL).weights_sha256 != first


def test_moving_leaves_the_given_weights(tiny: Make) -> None:
    network = tiny()
    network[6].bias.requires_grad_(False)
    moved = structural_copy(network, torch.device("meta"))
    assert {tensor.device.type for tensor in moved.state_dict().values()} == {"meta"}
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"cpu"}
    assert [p.requires_grad for p in moved.parameters()] == [
        p.requires_grad for p in network.parameters()
    ]
    assert all(isinstance(p, nn.Parameter) for p in moved.parameters())
    first = next(structural_copy(network, torch.device("cpu")).parameters())
    assert first.data_ptr() == next(network.parameters()).data_ptr()


def test_devices(tiny: Make) -> None:
    classifier = Classifier(tiny(), SMALL)
    assert classifier.device == torch.device("cpu")
    assert classifier.to("cpu") is classifier
    with pytest.raises(SettingError, match=r"unknown device 'gpu'.* allowed here: auto, cpu"):
        classifier.to("gpu")
    with pytest.raises(SettingError, match="no device 'cuda:99' here"):
        classifier.to("cuda:99")
    with pytest.raises(SettingError, match="no device 'meta' here"):
        classifier.to("meta")
    best = "cuda" if torch.cuda.is_available() else "cpu"
    if torch.backends.mps.is_available():
        best = "mps"
    assert classifier.to("auto").device.type == best


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_same(tiny: Make) -> None:
    classifier = Classifier(tiny().double(), SMALL)
    moved, pixels = classifier.to("cuda"), torch.rand(3, 3, 8, 12)
    assert moved.device == torch.device("cuda", torch.cuda.current_device())
    assert classifier.device.type == "cpu"
    assert moved.to("cuda") is moved
    assert moved.weights_sha256 == classifier.weights_sha256
    torch.testing.assert_close(moved.probabilities(pixels).cpu(), classifier.probabilities(pixels))

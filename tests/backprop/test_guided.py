"""Guided backpropagation against Captum where Captum is right, and by hand where it is not."""

import copy
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from captum.attr import GuidedBackprop
from torch import Tensor, fx, nn
from torch.utils.checkpoint import checkpoint

from gnomon.backprop.gradients import pixel_gradient
from gnomon.backprop.guided import guided_backward
from gnomon.backprop.methods import FINE_METHODS, fine_map, guided_backprop
from gnomon.classifier.classifier import Classifier
from gnomon.types import Image

Classify = Callable[..., Classifier]
MakeImage = Callable[..., Image]


def _guided(classifier: Classifier, pixels: Tensor, label_index: int = 2) -> Tensor:
    return pixel_gradient(
        classifier,
        pixels,
        label_index=label_index,
        target="probability",
        backward=guided_backward,
    )


class _Probability(nn.Module):
    """What Captum is given: pixels in, softmax out, its own copy of the network."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.normalize = classifier.preprocessing.normalize
        self.network = copy.deepcopy(classifier.network)
        for module in self.network.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False

    def forward(self, pixels: Tensor) -> Tensor:
        outputs: Tensor = self.network(self.normalize(pixels))
        return outputs.softmax(1)


def _captum(classifier: Classifier, pixels: Tensor, label_index: int = 2) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Setting backward hooks")  # Captum's own
        method = GuidedBackprop(_Probability(classifier))
        leaf = pixels.clone().requires_grad_()
        found: Tensor = method.attribute(leaf, target=label_index)
    return found.detach()


def _separate_relus(network: nn.Module) -> nn.Module:
    """Give each call of a ReLU a module of its own."""
    traced = fx.symbolic_trace(copy.deepcopy(network))
    calls = [node for node in traced.graph.nodes if node.op == "call_module"]
    for node in calls:
        if isinstance(traced.get_submodule(node.target), nn.ReLU):
            node.target = f"{node.name}_alone"
            traced.add_submodule(node.target, nn.ReLU())
    traced.recompile()
    return traced.eval()


def _vgg(letter: str) -> nn.Module:
    features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs[letter])
    head = [nn.Flatten(), nn.Linear(512, 32), nn.ReLU(True), nn.Dropout(), nn.Linear(32, 5)]
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(1), *head)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "vgg11": lambda: _vgg("A"),
    "vgg19": lambda: _vgg("E"),
    "squeezenet": lambda: torchvision.models.squeezenet1_1(num_classes=5),
    "resnet18": lambda: torchvision.models.resnet18(num_classes=5),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_equals_captum(name: str, classify: Classify, make_image: MakeImage) -> None:
    torch.manual_seed(0)
    classifier = classify(NETWORKS[name]().double(), size=(48, 64))
    image = make_image(48, 64)
    pixels = image.pixels.double()[None]
    expected = _captum(classifier, pixels)
    largest = expected.abs().max().item()
    assert largest > 0
    torch.testing.assert_close(_guided(classifier, pixels), expected, rtol=0, atol=1e-12 * largest)
    heatmap = guided_backprop(classifier, image, label_index=2)
    assert heatmap.kind == "fine"
    np.testing.assert_allclose(
        heatmap.values, expected[0].abs().amax(0).numpy(), rtol=0, atol=1e-6 * largest
    )


def test_captum_is_right_on_a_resnet_whose_relus_are_called_twice(classify: Classify) -> None:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(num_classes=5).double()
    pixels = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    shared = _captum(classify(network, size=(32, 32)), pixels)
    separate = _captum(classify(_separate_relus(network), size=(32, 32)), pixels)
    assert torch.equal(shared, separate)


class _Functional(nn.Module):
    """Every ReLU a function, a method, in place or a clamp; one sum that branches."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 6, 3, padding=1)
        self.b = nn.Conv2d(6, 6, 3, padding=1)
        self.c = nn.Conv2d(6, 4, 3, stride=2)
        self.d = nn.Linear(4 * 7 * 7, 8)
        self.e = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x), inplace=True)
        x = x + self.b(x).relu()
        x = self.c(x).clamp_(min=0)
        x = torch.relu_(self.d(x.flatten(1)))
        logits: Tensor = self.e(x)
        return logits


def _by_hand(network: _Functional, x: Tensor, std: Tensor, label_index: int) -> Tensor:
    """Compute R layer by layer, each linear layer transposed, with no autograd."""
    za = F.conv2d(x, network.a.weight, network.a.bias, padding=1)
    a = za.clamp(min=0)
    zb = F.conv2d(a, network.b.weight, network.b.bias, padding=1)
    zc = F.conv2d(a + zb.clamp(min=0), network.c.weight, network.c.bias, stride=2)
    zd = zc.clamp(min=0).flatten(1) @ network.d.weight.T + network.d.bias
    p = (zd.clamp(min=0) @ network.e.weight.T + network.e.bias).softmax(1)
    one = F.one_hot(torch.tensor([label_index]), p.shape[1])
    r = p[:, label_index, None] * (one - p)
    r = (zd > 0) * (r @ network.e.weight).clamp(min=0)
    r = (zc > 0) * (r @ network.d.weight).view_as(zc).clamp(min=0)
    r = F.conv_transpose2d(r, network.c.weight, stride=2, output_padding=1)
    branch = (zb > 0) * r.clamp(min=0)
    r = r + F.conv_transpose2d(branch, network.b.weight, padding=1)
    r = (za > 0) * r.clamp(min=0)
    return F.conv_transpose2d(r, network.a.weight, padding=1) / std[:, None, None]


@torch.no_grad()
def _reference(classifier: Classifier, pixels: Tensor) -> Tensor:
    network = classifier.network
    assert isinstance(network, _Functional)
    std = torch.tensor(classifier.preprocessing.std, dtype=torch.float64)
    return _by_hand(network, classifier.preprocessing.normalize(pixels), std, label_index=2)


def test_equals_a_hand_written_pass_where_captum_does_not(classify: Classify) -> None:
    torch.manual_seed(3)
    classifier = classify(_Functional().double())
    pixels = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    expected = _reference(classifier, pixels)
    largest = expected.abs().max().item()
    torch.testing.assert_close(_guided(classifier, pixels), expected, rtol=0, atol=1e-12 * largest)
    assert (_captum(classifier, pixels) - expected).abs().max() > 0.1 * largest


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("precise", [torch.float32, torch.float64])
def test_layout_precision_and_batch_change_nothing(
    layout: torch.memory_format, precise: torch.dtype, classify: Classify
) -> None:
    torch.manual_seed(3)
    network = _Functional().double()
    pixels = torch.rand(4, 3, 16, 16, dtype=torch.float64)
    expected = torch.cat([_reference(classify(network), one[None]) for one in pixels])
    other = classify(copy.deepcopy(network).to(precise).to(memory_format=layout))
    found = _guided(other, pixels.to(dtype=precise, memory_format=layout))
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12}[precise]
    largest = expected.abs().max().item()
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * largest)


@pytest.mark.parametrize("device", ["cuda", "mps"])
@pytest.mark.parametrize("method", FINE_METHODS)
def test_an_accelerator_gives_the_same_map(
    device: str, method: str, classify: Classify, make_image: MakeImage
) -> None:
    if not getattr(torch, device).is_available():
        pytest.skip(f"no {device} device here")
    classifier = classify(_Functional())
    expected = fine_map(classifier, make_image(), method=method).values
    found = fine_map(classifier.to(device), make_image(), method=method).values
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * expected.max())


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_the_callers_gradient_mode_changes_nothing(
    mode: Callable[[], torch.autograd.grad_mode.no_grad], classify: Classify, make_image: MakeImage
) -> None:
    classifier = classify(_Functional())
    expected = guided_backprop(classifier, make_image()).values
    with mode():
        found = guided_backprop(classifier, make_image()).values
    assert (found == expected).all()


def test_gradient_checkpointing_changes_nothing(classify: Classify) -> None:
    class Saving(nn.Module):
        def __init__(self, body: nn.Module, head: nn.Module) -> None:
            super().__init__()
            self.body = body
            self.head = head

        def forward(self, x: Tensor) -> Tensor:
            if torch.is_grad_enabled():
                x = checkpoint(self.body, x, use_reentrant=False)
            else:
                x = self.body(x)
            logits: Tensor = self.head(x)
            return logits

    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(True), nn.Conv2d(4, 4, 3), nn.SiLU())
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    pixels = torch.rand(1, 3, 16, 16)
    saving = _guided(classify(Saving(body, head)), pixels)
    assert torch.equal(saving, _guided(classify(nn.Sequential(body, head)), pixels))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch.compile's own
def test_a_network_compiled_as_it_runs_is_read_by_its_gradient(
    classify: Classify, make_image: MakeImage
) -> None:
    class Compiled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.plain = _Functional()

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = torch.compile(self.plain, backend="aot_eager")(x)
            return logits

    with pytest.warns(UserWarning, match=r"CompiledFunctionBackward.*uncompiled"):
        found = fine_map(classify(Compiled()), make_image())
    assert found.method == "gradient"


def test_a_network_of_gates_is_read_by_its_gradient_and_says_so(
    classify: Classify, make_image: MakeImage
) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 16), nn.Tanh(), nn.Flatten(), nn.Linear(4, 5))
    gradient = fine_map(classify(network), make_image(), method="gradient")
    assert (gradient.method, gradient.values.max() > 0) == ("gradient", True)
    for method in ("guided", "guided-layers"):
        with pytest.warns(UserWarning, match=r"Sequential: .* its fine map is found by 'gradient'"):
            found = fine_map(classify(network), make_image(), method=method)
        assert found.method == "gradient"
        np.testing.assert_array_equal(found.values, gradient.values)

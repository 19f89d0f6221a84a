"""How a network is asked for scores, and what is refused in one sentence."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.classifier import Classifier, Preprocessing, load_classifier
from gnomon.classifier.copying import structural_copy, unwrapped
from gnomon.classifier.scorer import Scorer
from gnomon.detector import Detector
from gnomon.errors import ClassifierError, GnomonError

SIZE = Preprocessing(size=(16, 24))


def network(channels: int = 3) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)
    )


class With(nn.Module):
    """Does something before or after a small network."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.body, self.function = network(), function

    def forward(self, x: Tensor) -> Any:
        return self.function(self.body, x)


class TwoInputs(nn.Module):
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return (x * mask).mean((2, 3))


class BatchOfVectors(nn.Module):
    """Normalizes pooled values over the batch, which one image does not make."""

    def __init__(self) -> None:
        super().__init__()
        self.body = network()
        self.norm = nn.BatchNorm1d(5, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.norm(self.body(x))
        return scores


def quantized() -> nn.Module:
    import torch.ao.quantization

    quantization: Any = torch.ao.quantization
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces its end
        given: Any = nn.Sequential(quantization.QuantStub(), *network(), quantization.DeQuantStub())
        given.eval().qconfig = quantization.get_default_qconfig("x86")
        quantization.prepare(given, inplace=True)
        given(torch.rand(4, 3, 16, 24))
        quantization.convert(given, inplace=True)
    network_of_whole_numbers: nn.Module = given
    return network_of_whole_numbers


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "dropout that is always on": (
        lambda: With(lambda body, x: body(F.dropout(x))),
        "gives other outputs each time.*write F.dropout\\(x, training=self.training\\)",
    ),
    "noise": (
        lambda: With(lambda body, x: body(x) + torch.randn(len(x), 5)),
        "gives other outputs each time for the same image",
    ),
    "1 channel": (lambda: network(1), "takes images with 1 channel, and gnomon gives 3.*Grayscale"),
    "4 channels": (lambda: network(4), "takes images with 4 channels, and gnomon gives 3"),
    "a second input": (TwoInputs, "needs more than images: .*'mask'. Wrap it"),
    "a batch of vectors": (BatchOfVectors, "cannot be asked for one image alone.*running stat"),
    "two outputs": (
        lambda: With(lambda body, x: {"main": body(x), "aux": body(x)}),
        "gives dict for 2 images, with the entries 'main', 'aux'.*'logits'",
    ),
    "no output of scores": (
        lambda: With(lambda body, x: [x, x]),
        "gives list for 2 images, with the entries 0, 1",
    ),
    "weights without values": (lambda: network().to("meta"), "on the meta device; load them first"),
    "another type, hidden": (
        lambda: With(lambda body, x: body(x.double())),
        "does not take images of shape",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_gnomon_cannot_use_is_refused_in_one_sentence(name: str) -> None:
    make, says = REFUSED[name]
    with pytest.raises(ClassifierError, match=says) as caught:
        Classifier(make(), SIZE)
    assert "\n" not in str(caught.value)


def test_a_grayscale_network_works_behind_the_layer_that_the_message_names() -> None:
    from torchvision.transforms import Grayscale

    assert Classifier(nn.Sequential(Grayscale(), network(1)), SIZE).class_names[4] == "class 4"


def test_a_quantized_network_has_an_identity_and_no_gradient() -> None:
    given = quantized()
    classifier = Classifier(given, SIZE)
    assert len(classifier.weights_sha256) == 64
    pixels = torch.rand(3, 16, 24)
    with pytest.raises(ClassifierError, match="is quantized; give it as it was before"):
        Detector(classifier, patch=6, stride=5)(pixels)


def test_an_exported_program_is_a_network() -> None:
    program = torch.export.export(network().eval(), (torch.rand(2, 3, 16, 24),))
    classifier = load_classifier(program, preprocessing=SIZE)
    pixels = torch.rand(5, 3, 16, 24)
    expected = Classifier(network(), SIZE).probabilities(pixels)
    torch.testing.assert_close(classifier.probabilities(pixels), expected)


@pytest.mark.parametrize("images", [1, 2, 3, 5])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_batches_are_filled_up_and_cut(batch: int, images: int) -> None:
    seen: list[int] = []

    def counted(body: nn.Module, x: Tensor) -> Tensor:
        seen.append(len(x))
        scores: Tensor = body(x)
        return scores

    given = With(counted)
    pixels = torch.rand(images, 3, 16, 24)
    outputs = Scorer(given, batch=batch)(pixels)
    torch.testing.assert_close(outputs, given.body(pixels))
    assert set(seen) == {batch}


def test_batch_norm_of_the_batch_is_computed_as_for_the_image_alone() -> None:
    given = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), *network()).eval()
    pixels = torch.rand(3, 3, 16, 24) * torch.tensor([1.0, 0.5, 0.1]).view(3, 1, 1, 1)
    classifier = Classifier(given, SIZE)
    inputs = classifier.preprocessing.normalize(pixels)
    expected = torch.cat([given(one[None]) for one in inputs]).double().softmax(1).detach()
    torch.testing.assert_close(classifier.probabilities(pixels), expected)
    together = given(inputs).double().softmax(1)
    assert (together - expected).abs().max() > 1e-3


def test_a_network_whose_rows_are_its_own_is_asked_as_it_is() -> None:
    classifier = Classifier(network(), SIZE)
    assert classifier.scorer is classifier.network


class Failing(nn.Module):
    """Counts, normalizes by the batch, keeps what it saw, and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.body = nn.BatchNorm2d(3), network()
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros(()))
        self.after = 99

    def train(self, mode: bool = True) -> "Failing":
        super().train(mode)
        self.norm.train()
        return self

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen = self.norm(x)
        if self.calls > self.after:
            raise ArithmeticError("told to")
        scores: Tensor = self.body(self.seen)
        return scores


@pytest.mark.parametrize("after", [0, 4, 7, 12, 99])
def test_the_network_is_as_it_was_even_after_a_failure(after: int) -> None:
    given = Failing().train()
    given(torch.rand(2, 3, 16, 24)).sum().backward()
    given.after = after
    given.calls.zero_()
    given.body[0].register_forward_hook(lambda *_: None)
    given.body[1].register_full_backward_hook(lambda *_: None)
    before = copy.deepcopy(given.state_dict())
    flags = [(m.training, len(m._forward_hooks), len(m._backward_hooks)) for m in given.modules()]
    seen = given.seen
    detect: Any = lambda: Detector(given, preprocessing=SIZE, patch=6, stride=5)(  # noqa: E731
        torch.rand(3, 16, 24)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if after < 99:
            with pytest.raises(GnomonError, match="ArithmeticError: told to"):
                detect()
        else:
            detect()
    for name, value in given.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert flags == [
        (m.training, len(m._forward_hooks), len(m._backward_hooks)) for m in given.modules()
    ]
    assert given.seen is seen


def test_wrappers_are_taken_off_wherever_they_are() -> None:
    inner: Any = torch.compile(nn.DataParallel(network()))
    assert isinstance(unwrapped(inner), nn.Sequential)
    twin = structural_copy(nn.Sequential(nn.Identity(), inner))
    assert [type(module).__name__ for module in twin.modules()][:3] == [
        "Sequential",
        "Identity",
        "Sequential",
    ]
    assert Classifier(inner, SIZE).name == "Sequential"


def test_weights_that_a_pass_writes_over_are_not_shared() -> None:
    class Clamped(nn.Linear):
        def forward(self, input: Tensor) -> Tensor:
            with torch.no_grad():
                self.weight.clamp_(-0.1, 0.1)
            return super().forward(input)

    torch.manual_seed(0)
    layer = Clamped(3 * 16 * 24, 5)
    layer.weight.data *= 100
    before = layer.weight.clone()
    classifier = Classifier(nn.Sequential(nn.Flatten(), layer, nn.ReLU()), SIZE)
    classifier.probabilities(torch.rand(1, 3, 16, 24))
    assert torch.equal(layer.weight, before)
    (weight, _) = classifier.network.parameters()
    assert weight.abs().max() <= 0.1

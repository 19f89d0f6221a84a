"""Whatever a network returns, gnomon finds what it finds in the network's own logits."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gnomon import Classifier, Image, Preprocessing, fine_map, load_classifier, occlude
from gnomon.errors import ClassifierError, SettingError
from gnomon.geometry import Affine
from gnomon.presets import Outputs

Make = Callable[..., nn.Sequential]
SMALL = Preprocessing(size=(24, 32))


class Then(nn.Module):
    """A network followed by a function, as people write it at the end of forward."""

    def __init__(self, network: nn.Module, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.function = network, function

    def forward(self, pixels: Tensor) -> Tensor:
        return self.function(self.network(pixels))


@pytest.fixture
def image() -> Image:
    pixels = torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(1))
    return Image(pixels, "drawn", "0" * 64, (32, 24), Affine.identity())


def steep(network: nn.Sequential) -> nn.Sequential:
    """Let the scores differ by more than rounding, in double precision."""
    with torch.no_grad():
        network.get_parameter("6.weight").mul_(20)
    return network.double()


SEVERAL: dict[str, tuple[Callable[[Tensor], Tensor], Outputs]] = {
    "softmax": (lambda x: x.softmax(1), "probabilities"),
    "exponentials over their sum": (
        lambda x: x.exp() / x.exp().sum(1, keepdim=True),
        "probabilities",
    ),
    "softmax of a map": (
        lambda x: x[:, :, None, None].expand(-1, -1, 2, 2).softmax(1).mean((2, 3)),
        "probabilities",
    ),
    "log-softmax": (lambda x: functional.log_softmax(x, 1), "log-probabilities"),
    "log of softmax": (lambda x: x.softmax(1).log(), "log-probabilities"),
    "logits": (lambda x: x, "logits"),
    "logits in [0, 1]": (lambda x: x * 0.01 + 0.5, "logits"),
    "rectified": (lambda x: x.relu(), "logits"),
}


@pytest.mark.parametrize("ends", SEVERAL)
def test_one_class_of_several(tiny: Make, image: Image, ends: str) -> None:
    end, kind = SEVERAL[ends]
    network = steep(tiny())
    found = Classifier(Then(network, end), SMALL)
    assert found.outputs == kind
    logits = end if kind == "logits" else (lambda x: x)
    expected = Classifier(Then(network, logits), SMALL, outputs="logits")
    same_evidence(found, expected, image)


def test_a_softmax_is_seen_whose_weights_take_no_gradient(tiny: Make) -> None:
    network = tiny().requires_grad_(False)
    frozen = nn.Sequential(network, nn.Softmax(1))
    assert Classifier(frozen, SMALL).outputs == "probabilities"
    with torch.inference_mode():
        inferred = nn.Sequential(tiny(), nn.Softmax(1))
    assert Classifier(inferred, SMALL).outputs == "probabilities"


ONE: dict[str, tuple[Callable[[Tensor], Tensor], Outputs]] = {
    "a logit": (lambda x: x, "binary-logits"),
    "a logit without its axis": (lambda x: x.squeeze(1), "binary-logits"),
    "a sigmoid": (lambda x: x.sigmoid(), "binary-probabilities"),
    "a sigmoid without its axis": (lambda x: x.sigmoid().flatten(), "binary-probabilities"),
    "a sigmoid by hand": (lambda x: 1 / (1 + (-x).exp()), "binary-probabilities"),
}


@pytest.mark.parametrize("ends", ONE)
def test_one_output_for_two_classes(tiny: Make, image: Image, ends: str) -> None:
    end, kind = ONE[ends]
    network = steep(tiny(1))
    found = Classifier(Then(network, end), SMALL, ("no", "yes"))
    assert (found.outputs, found.class_names) == (kind, ("no", "yes"))
    two = Then(network, lambda x: torch.cat([torch.zeros_like(x), x], 1))
    same_evidence(found, Classifier(two, SMALL, ("no", "yes")), image)
    assert Classifier(Then(network, end), SMALL, outputs="binary").outputs == kind


@pytest.mark.parametrize("last", [nn.Identity(), nn.Sigmoid()])
def test_classes_each_by_itself(tiny: Make, image: Image, last: nn.Module) -> None:
    network = steep(tiny())
    found = Classifier(nn.Sequential(network, last), SMALL, outputs="multilabel")
    kind = "probabilities" if isinstance(last, nn.Sigmoid) else "logits"
    assert found.outputs == f"multilabel-{kind}"
    network.eval()
    pixels = image.pixels[None].double()
    expected = network(SMALL.normalize(pixels)).sigmoid().detach()
    torch.testing.assert_close(found.probabilities(pixels), expected)
    # Any one class is as a network of that output alone has it.
    for index in range(3):
        one = Then(network, partial(_only, index=index))
        alone = Classifier(one, SMALL, ("no", "yes"))
        mine, others = (
            occlude(classifier, image, patch=8, label_index=label)
            for classifier, label in ((found, index), (alone, 1))
        )
        np.testing.assert_allclose(mine.drops, others.drops, atol=1e-12)
        np.testing.assert_allclose(
            fine_map(found, image, method="gradient", label_index=index).values,
            fine_map(alone, image, method="gradient", label_index=1).values,
            rtol=1e-5,
        )


def _only(scores: Tensor, index: int) -> Tensor:
    return scores[:, index : index + 1]


def test_sigmoids_want_a_choice(tiny: Make) -> None:
    network = nn.Sequential(tiny(), nn.Sigmoid())
    with pytest.raises(ClassifierError, match=r"outputs='multilabel'.*outputs='logits'"):
        Classifier(network, SMALL)
    assert Classifier(network, SMALL, outputs="logits").outputs == "logits"
    two_heads = Then(tiny(), lambda x: torch.cat([x.sigmoid(), (2 * x).sigmoid()], 1))
    with pytest.raises(ClassifierError, match="outputs='multilabel'"):
        Classifier(two_heads, SMALL)


def test_one_output_wants_two_names(tiny: Make) -> None:
    with pytest.raises(ClassifierError, match=r"one output.*class_names=\['no', 'yes'\]"):
        Classifier(tiny(1), SMALL)
    with pytest.raises(ClassifierError, match="one output"):
        Classifier(tiny(1), SMALL, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("network", "outputs", "says"),
    [
        (lambda make: make(), "probabilities", "gives no probabilities"),
        (lambda make: make(), "log-probabilities", "gives no logarithms of probabilities"),
        (lambda make: make(), "multilabel-probabilities", "gives no probabilities"),
        (lambda make: make(), "binary", "has 3 outputs"),
        (lambda make: make(1), "multilabel", "has one output"),
        (lambda make: nn.Sequential(make(), nn.Softmax(1)), "multilabel", "ends in a softmax"),
    ],
)
def test_a_choice_that_does_not_fit_is_said(
    tiny: Make, network: Callable[[Make], nn.Module], outputs: Outputs, says: str
) -> None:
    with pytest.raises(ClassifierError, match=says):
        Classifier(network(tiny), SMALL, outputs=outputs)


def test_an_unknown_choice_is_said(tiny: Make) -> None:
    with pytest.raises(SettingError, match="did you mean 'multilabel'"):
        load_classifier(tiny(), outputs="multi-label")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("outputs", ["probabilities", "multilabel-probabilities"])
def test_probabilities_of_0_and_1_are_scores_too(outputs: Outputs) -> None:
    network = Then(nn.Flatten(), lambda x: (x[:, :2] > 0).to(x) * 1.0)
    if outputs == "probabilities":
        network = Then(nn.Flatten(), lambda x: torch.stack([x[:, 0] * 0, x[:, 0] * 0 + 1], 1))
    classifier = Classifier(network, SMALL, outputs=outputs)
    pixels = torch.zeros(1, 3, 24, 32)
    pixels[0, 0, 0, 1] = 1
    assert classifier.probabilities(pixels)[0].tolist() == pytest.approx([0, 1], abs=1e-30)


def test_it_goes_with_the_classifier(tiny: Make) -> None:
    network = nn.Sequential(tiny(1), nn.Sigmoid())
    first = Classifier(network, SMALL, ("no", "yes"))
    again = load_classifier(first, size=(16, 16))
    assert (again.outputs, again.class_names) == ("binary-probabilities", ("no", "yes"))
    assert (
        again.weights_sha256
        == first.weights_sha256
        == load_classifier(network, size=(16, 16), outputs="binary").weights_sha256
    )


def test_a_sigmoid_that_hides_the_gradient_is_said(tiny: Make, image: Image) -> None:
    network = Then(tiny(1), lambda x: (1000 + x).sigmoid())
    classifier = Classifier(network, SMALL, ("no", "yes"))
    with pytest.raises(ClassifierError, match="without the sigmoid"):
        fine_map(classifier, image, method="gradient")


def same_evidence(one: Classifier, other: Classifier, image: Image) -> None:
    """See that two classifiers find the same in an image, with either engine."""
    pixels = image.pixels[None]
    torch.testing.assert_close(
        one.probabilities(pixels), other.probabilities(pixels), rtol=1e-9, atol=1e-9
    )
    for engine in ("dense", "incremental"):
        mine, others = (occlude(each, image, patch=8, engine=engine) for each in (one, other))
        assert mine.label_index == others.label_index
        assert others.drops.max() > 1e-4
        np.testing.assert_allclose(mine.drops, others.drops, atol=1e-9)
    for method in ("gradient", "guided"):
        map_, expected = (fine_map(each, image, method=method).values for each in (one, other))
        np.testing.assert_allclose(map_, expected, rtol=1e-4, atol=1e-7 * expected.max())

"""The network after a fine map is the network before, whatever happened between."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gnomon.backprop.methods import FINE_METHODS, fine_map
from gnomon.classifier.classifier import Classifier
from gnomon.errors import ClassifierError
from gnomon.types import Image

Classify = Callable[..., Classifier]
MakeImage = Callable[..., Image]


class _Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: Tensor) -> Tensor:
        ctx.save_for_backward(factor)
        return x * factor

    @staticmethod
    def backward(ctx: Any, *arrived: Tensor) -> tuple[Tensor, None]:
        raise ArithmeticError("mid-backward")


class _Fragile(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout()
        self.head = nn.Linear(4, 5)
        self.fails = ""

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.conv(x)))
        if self.fails == "forward":
            raise ArithmeticError("mid-forward")
        if self.fails == "backward":
            x = _Fails.apply(x, self.norm.weight[:, None, None])
        logits: Tensor = self.head(self.act(self.drop(x).mean((2, 3)) - 0.1))
        return logits


def _everything(network: nn.Module) -> dict[str, object]:
    """Give all that a fine map might change, tensors by value and by identity."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    hooks = [
        (name, key, list(value.items()))
        for name, module in network.named_modules()
        for key, value in sorted(vars(module).items())
        if key.endswith(("_hooks", "_hooks_with_kwargs", "_hooks_always_called"))
    ]
    return {
        "modules": [
            (name, id(module), module.training) for name, module in network.named_modules()
        ],
        "settings": [repr(module) for module in network.modules()],
        "state": list(network.state_dict()),
        "tensors": {name: (id(t), t._version, t.tolist()) for name, t in tensors.items()},
        "requires_grad": {name: t.requires_grad for name, t in tensors.items()},
        "grad": {name: None if t.grad is None else t.grad.tolist() for name, t in tensors.items()},
        "hooks": hooks,
    }


@pytest.mark.parametrize("method", FINE_METHODS)
@pytest.mark.parametrize("fails", ["", "forward", "backward"])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_fine_map_leaves_no_trace(
    method: str, fails: str, frozen: bool, classify: Classify, make_image: MakeImage
) -> None:
    given = _Fragile()
    given.train()
    given.norm.eval()
    given.requires_grad_(not frozen)
    given.act.register_forward_hook(lambda *_: None)
    if not frozen:
        given.conv.weight.grad = torch.ones_like(given.conv.weight)
    classifier = classify(given)
    classifier.network.fails = fails  # type: ignore[assignment]  # _Fragile's own
    before = _everything(given), _everything(classifier.network)
    random_state = torch.get_rng_state()
    if fails:
        with pytest.raises(ClassifierError, match=f"mid-{fails}") as caught:
            fine_map(classifier, make_image(), method=method, label_index=1)
        assert isinstance(caught.value.__cause__, ArithmeticError)
    else:
        assert fine_map(classifier, make_image(), method=method).values.max() > 0
    assert (_everything(given), _everything(classifier.network)) == before
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_backpropagation_afterwards_is_plain_again(
    classify: Classify, make_image: MakeImage
) -> None:
    classifier = classify(_Fragile())
    pixels = make_image().pixels[None].requires_grad_()

    def plain() -> Tensor:
        (found,) = torch.autograd.grad(classifier.logits(pixels)[0, 1], pixels)
        return found

    before = plain()
    classifier.network.fails = "backward"  # type: ignore[assignment]  # _Fragile's own
    with pytest.raises(ClassifierError, match="mid-backward"):
        fine_map(classifier, make_image())
    classifier.network.fails = ""  # type: ignore[assignment]  # _Fragile's own
    assert torch.equal(plain(), before)


def test_no_parameter_gradient_is_computed(classify: Classify, make_image: MakeImage) -> None:
    masks: list[list[bool]] = []

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func is torch.ops.aten.convolution_backward.default:
                masks.append(list(args[-1]))
            return func(*args, **(kwargs or {}))

    with Watch():  # type: ignore[no-untyped-call]  # torch's own
        fine_map(classify(_Fragile()), make_image())
    assert masks == [[True, False, False]]


@pytest.mark.parametrize("method", FINE_METHODS)
@pytest.mark.parametrize("cut", ["detach", "no_grad", "integers"])
def test_a_network_that_cuts_the_gradient_is_an_error(
    method: str, cut: str, classify: Classify, make_image: MakeImage
) -> None:
    class Cut(_Fragile):
        def forward(self, x: Tensor) -> Tensor:
            if cut == "detach":
                return super().forward(x.detach())
            if cut == "integers":
                return super().forward((x * 255).round().long() / 255)
            with torch.no_grad():
                return super().forward(x)

    with pytest.raises(ClassifierError, match="no gradient reaches the pixels"):
        fine_map(classify(Cut()), make_image(), method=method)


def test_a_network_made_under_inference_mode_is_an_error(
    classify: Classify, make_image: MakeImage
) -> None:
    with torch.inference_mode():
        classifier = classify(_Fragile())
    with pytest.raises(ClassifierError, match=r"made under torch\.inference_mode"):
        fine_map(classifier, make_image())


def test_outputs_or_gradients_that_are_not_finite_are_an_error(
    classify: Classify, make_image: MakeImage
) -> None:
    class Steep(_Fragile):
        def forward(self, x: Tensor) -> Tensor:
            logits = super().forward(x)
            if self.fails == "outputs":
                return logits / 0
            flat = (x - x).abs().sqrt().sum((1, 2, 3))
            return logits + flat[:, None]

    classifier = classify(Steep())
    with pytest.raises(ClassifierError, match="gradient at the pixels is not finite"):
        fine_map(classifier, make_image(), target="logit")
    classifier.network.fails = "outputs"  # type: ignore[assignment]  # _Fragile's own
    with pytest.raises(ClassifierError, match="outputs are not finite"):
        fine_map(classifier, make_image(), label_index=0)


@pytest.mark.parametrize("method", FINE_METHODS)
def test_a_network_that_overwrites_its_input_leaves_the_image(
    method: str, classify: Classify, make_image: MakeImage
) -> None:
    class Overwrites(_Fragile):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.mul_(2).sub_(0.1))

    image = make_image()
    before = image.pixels.clone()
    assert fine_map(classify(Overwrites()), image, method=method).values.max() > 0
    assert torch.equal(image.pixels, before)
    assert not image.pixels.requires_grad


def test_a_network_that_cannot_be_trained_says_why(
    classify: Classify, make_image: MakeImage
) -> None:
    class Twice(_Fragile):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(torch.sigmoid(x).mul_(2))

    with pytest.raises(ClassifierError, match=r"cannot be backpropagated: .*inplace operation"):
        fine_map(classify(Twice()), make_image())

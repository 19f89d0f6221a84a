"""Guided backpropagation (Springenberg et al. 2014, arXiv 1412.6806) on an untouched network.

Whether a ReLU is a module, a function, a method or works in place, autograd computes its backward
with one kernel, ``aten.threshold_backward``; the other activations have one each. A dispatch mode,
active during the backward pass only, changes what goes into these kernels. docs/activations.md has
the rule for each.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gnomon.backprop.gradients import pixel_gradient, plain_backward
from gnomon.backprop.graph import before_clamp, is_opaque, is_relu_clamp, nodes
from gnomon.classifier.classifier import Classifier
from gnomon.errors import ClassifierError
from gnomon.presets import Target
from gnomon.types import Image

aten = torch.ops.aten

BACKWARD_KERNELS: dict[object, int] = {
    aten.threshold_backward.default: 1,
    aten.hardtanh_backward.default: 1,
    aten.leaky_relu_backward.default: 1,
    aten.rrelu_with_noise_backward.default: 1,
    aten._prelu_kernel_backward.default: 1,
    aten.elu_backward.default: 5,
    aten.silu_backward.default: 1,
    aten.gelu_backward.default: 1,
    aten.hardswish_backward.default: 1,
    aten.mish_backward.default: 1,
    aten.softplus_backward.default: 1,
}
"""What arrives is the first argument; this one is the input z, or an output of the same sign."""

ALTERNATIVES = "only the fine method 'gradient' or 'smoothgrad' reads this network"


class GuidedError(ClassifierError):
    """A network that a guided method cannot read; ``instead`` is the fine method that can."""

    def __init__(self, says: str, instead: str = "gradient") -> None:
        super().__init__(says)
        self.instead = instead


Note = Callable[[Tensor, Tensor], None]
"""Is told of each activation, from the outputs down, what arrives at it and its input z."""


class _GuidedRule(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Lets through an activation only what is positive, and only where the activation is on."""

    def __init__(self, note: Note | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self._note = note
        self.overridden = 0

    def guide(self, arrived: Tensor, z: Tensor) -> Tensor:
        """Apply (z > 0) max(R, 0); the kernel then multiplies by f'(z)."""
        self.overridden += 1
        if self._note is not None:
            self._note(arrived, z)
        return arrived.clamp(min=0) * (z > 0)

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Change what arrives at an activation's backward kernel; pass all else on."""
        z = BACKWARD_KERNELS.get(func)
        if z is not None and not _is_hard_tanh(func, args):
            args = (self.guide(args[0], args[z]), *args[1:])
        return func(*args, **(kwargs or {}))


def _is_hard_tanh(func: object, args: tuple[Any, ...]) -> bool:
    return func is aten.hardtanh_backward.default and args[2] != 0


def guided_backward(
    outputs: Tensor, pixels: Tensor, direction: Tensor, note: Note | None = None
) -> Tensor:
    """Backpropagate with the guided rule at every activation.

    ``GuidedError`` where no activation was met, or where one may hide in code that the rule cannot
    see into.
    """
    rule = _GuidedRule(note)
    for node in nodes(outputs):
        if is_opaque(node):
            raise GuidedError(
                f"guided backpropagation cannot see into {node.name()!r}, a custom autograd "
                f"function or compiled network, which may hide an activation; {ALTERNATIVES}, "
                "unless it is given uncompiled and with PyTorch's own activations"
            )
        if is_relu_clamp(node):
            before_clamp(node, rule.guide)
    with rule:
        arrived = plain_backward(outputs, pixels, direction)
    if rule.overridden == 0:
        raise GuidedError(
            "guided backpropagation met no activation that it has a rule for (ReLU and its kin, "
            f"see docs/activations.md); {ALTERNATIVES}"
        )
    return arrived


def guided(
    classifier: Classifier, image: Image, *, label_index: int, target: Target, seed: int
) -> Tensor:
    """Return what guided backpropagation brings to the pixels."""
    return pixel_gradient(
        classifier,
        image.pixels[None],
        label_index=label_index,
        target=target,
        backward=guided_backward,
    )[0]

"""Which outputs a network gives: read from its last operation, and from the outputs themselves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from gnomon.errors import ClassifierError
from gnomon.presets import Outputs

TOLERANCE = 1e-3
FAR = (1000.0, -1000.0)
"""Inputs so many times too large, either way: what still lies in [0, 1] is bounded."""

PASSES = (
    "Alias",
    "Clone",
    "Expand",
    "Flatten",
    "Permute",
    "Reshape",
    "Select",
    "Slice",
    "Squeeze",
    "T",
    "ToCopy",
    "Transpose",
    "UnsafeView",
    "Unsqueeze",
    "View",
    "Mean",
    "AdaptiveAvgPool2D",
    "AvgPool2D",
    "Cat",
    "Stack",
)
"""Operations, by autograd's names, that leave a range of values as it is."""

BOUNDED = {"Softmax": "softmax", "LogSoftmax": "log-softmax", "Sigmoid": "sigmoid"}
UNBOUNDED = ("Addmm", "Mm", "Bmm", "Convolution", "MkldnnConvolution", "Relu")


@dataclass(frozen=True, slots=True)
class Probe:
    """A network, what it was shown (N,3,H,W), and its outputs, (N,K) or (N,)."""

    network: nn.Module
    pixels: Tensor
    outputs: Tensor

    def within(self) -> bool:
        """Return whether all outputs lie in [0, 1]."""
        return _within(self.outputs)

    def sums_to_one(self) -> bool:
        """Return whether each row does, as probabilities of one class of several do."""
        return _sums_to_one(self.outputs)

    def ends_in(self) -> str:
        """Name what bounds the outputs to [0, 1]: softmax, sigmoid, or nothing (empty)."""
        if not self.within() or not self.outputs.any():  # No sigmoid or softmax gives 0 alone.
            return ""
        last = self._last_operation()
        if last in UNBOUNDED:
            return ""
        if last in BOUNDED:
            return BOUNDED[last]
        if any(far.isfinite().all() and not _within(far) for far in self._outputs_far_away()):
            return ""
        return "softmax" if self.outputs.ndim == 2 and self.sums_to_one() else "sigmoid"

    def _last_operation(self) -> str:
        """Name the operation that gives the outputs' range; empty where autograd cannot see it."""
        try:
            with torch.inference_mode(False), torch.enable_grad():
                outputs = self.network(self.pixels[:1].clone().requires_grad_() * 1)
        except RuntimeError:  # Weights made under inference_mode, or a network of fixed batch size.
            return ""
        lasts = set(_lasts(outputs.grad_fn))
        return lasts.pop() if len(lasts) == 1 else ""

    @torch.no_grad()
    def _outputs_far_away(self) -> list[Tensor]:
        return [self.network(self.pixels * far) for far in FAR]


def recognized(probe: Probe, choice: Outputs, name: str, n_names: int) -> Outputs:
    """Find which of ``Outputs`` a network gives, as far as ``choice`` leaves that open.

    ``ClassifierError`` where the outputs are not what was chosen, or could be read in two ways.
    """
    single = probe.outputs.ndim == 1 or probe.outputs.shape[1] == 1
    if choice == "auto":
        if single:
            choice = _single(name, n_names)
        else:
            return _several(probe, name)
    if choice.startswith("binary") and not single:
        raise ClassifierError(
            f"{name} has {probe.outputs.shape[1]} outputs, which outputs={choice!r} does not fit;"
            " that is for networks of one output"
        )
    if single and not choice.startswith("binary"):
        raise ClassifierError(
            f"{name} has one output, which outputs={choice!r} does not fit; choose outputs='binary'"
        )
    if choice in CHECKS:
        fits, what = CHECKS[choice]
        if not fits(probe):
            raise ClassifierError(
                f"{name} gives no {what}, so outputs={choice!r} does not fit; leave it out to have"
                " the outputs recognized, or choose outputs='logits'"
            )
    if choice in ("binary", "multilabel"):
        ends_in = probe.ends_in()
        if choice == "multilabel" and ends_in == "softmax":
            raise ClassifierError(
                f"{name} ends in a softmax, which gives one class of several; leave"
                " outputs='multilabel' out"
            )
        return KINDS[choice][bool(ends_in)]
    return choice


KINDS: dict[str, tuple[Outputs, Outputs]] = {
    "binary": ("binary-logits", "binary-probabilities"),
    "multilabel": ("multilabel-logits", "multilabel-probabilities"),
}

CHECKS: dict[str, tuple[Callable[[Probe], bool], str]] = {
    "probabilities": (
        lambda probe: probe.within() and probe.sums_to_one(),
        "probabilities (in [0, 1], with the sum 1 for each image)",
    ),
    "log-probabilities": (
        lambda probe: _sums_to_one(probe.outputs.double().exp()),
        "logarithms of probabilities (whose sum is 1 for each image)",
    ),
    "binary-probabilities": (Probe.within, "probabilities (in [0, 1])"),
    "multilabel-probabilities": (Probe.within, "probabilities (in [0, 1])"),
}


def _single(name: str, n_names: int) -> Outputs:
    if n_names == 2:
        return "binary"
    raise ClassifierError(
        f"{name} has one output. If it tells two classes apart, name both, first the one that a low"
        " output means: class_names=['no', 'yes'] (--classes no,yes), or say outputs='binary'"
    )


def _several(probe: Probe, name: str) -> Outputs:
    ends_in = probe.ends_in()
    if ends_in == "softmax":
        return "probabilities"
    if ends_in == "sigmoid":
        raise ClassifierError(
            f"{name} gives values in [0, 1] whose sum is not 1, as a sigmoid for each class does;"
            " if each class stands by itself, choose outputs='multilabel' (--outputs multilabel),"
            " and if they are scores for a softmax, outputs='logits'"
        )
    if (probe.outputs <= 0).all() and _sums_to_one(probe.outputs.double().exp()):
        return "log-probabilities"
    return "logits"


def _within(outputs: Tensor) -> bool:
    return bool(((outputs >= 0) & (outputs <= 1)).all())


def _sums_to_one(outputs: Tensor) -> bool:
    return bool(((outputs.double().sum(dim=1) - 1).abs() < TOLERANCE).all())


def _lasts(node: Node | None) -> Iterator[str]:
    """Name the operations that outputs come from, behind those that change no range of values."""
    waiting, seen = [node], set[Node]()
    while waiting:
        here = waiting.pop()
        if here is None or here in seen:
            continue
        seen.add(here)
        operation = here.name().rstrip("0123456789").removesuffix("Backward")
        if operation in PASSES:
            waiting += [before for before, _ in here.next_functions]
        else:
            yield operation

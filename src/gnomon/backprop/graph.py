"""What can be read from an autograd graph: activations written as clamps, and what is opaque."""

from collections.abc import Callable, Iterator

from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

RELU_CLAMPS = ((0, None), (0, 6))
"""The (min, max) of a clamp that is a ReLU or a ReLU6, and nothing else."""


def nodes(output: Tensor) -> Iterator[Node]:
    """Walk every node that ``output`` was computed by, each once."""
    waiting = [output.grad_fn]
    seen: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting.extend(before for before, _ in node.next_functions)


def is_opaque(node: Node) -> bool:
    """Return whether the node may hide an activation in a user's own backward.

    That is a custom ``autograd.Function`` of one tensor (of several, it is no activation), or a
    compiled network.
    """
    if not isinstance(node, BackwardCFunction):
        return False
    return len(node.next_functions) == 1 or node.name() == "CompiledFunctionBackward"


def is_relu_clamp(node: Node) -> bool:
    """Return whether the node is ``clamp(min=0)`` or ``clamp(0, 6)``, by whatever name."""
    if node.name().rstrip("0123456789") not in ("ClampBackward", "ClampMinBackward"):
        return False
    bounds = (getattr(node, "_saved_min", None), getattr(node, "_saved_max", None))
    return not any(isinstance(bound, Tensor) for bound in bounds) and bounds in RELU_CLAMPS


def before_clamp(node: Node, rule: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Pass what arrives at a clamp through ``rule(arrived, z)``, z being the clamp's input."""

    def hook(arrived: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (rule(arrived[0], getattr(node, "_saved_self")),)  # noqa: B009 - autograd does not type it

    node.register_prehook(hook)

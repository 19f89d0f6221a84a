"""What the modules are that a traced graph calls."""

import copy
from typing import TypeGuard

from torch import fx, nn

CONV2D_SAME = "timm.layers.conv2d_same.Conv2dSame"


def submodule(module: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """Return the module that a ``call_module`` node calls."""
    return module.get_submodule(str(node.target)) if node.op == "call_module" else None


def is_plain_convolution(module: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    """Return whether the module convolves with its weight as stored, and does nothing else."""
    return kind_of(module) in (nn.Conv2d, CONV2D_SAME) and not is_hooked(module)


def kind_of(module: nn.Module | None) -> type | str:
    """Return the module's class; timm's by its name, so that only who uses timm waits for it."""
    kind = type(module)
    return CONV2D_SAME if f"{kind.__module__}.{kind.__qualname__}" == CONV2D_SAME else kind


def is_hooked(module: nn.Module | None) -> bool:
    """Return whether calling the module does more than its forward method."""
    return module is not None and bool(module._forward_hooks or module._forward_pre_hooks)


def writing_over(activation: nn.Module) -> nn.Module:
    """Copy a module that has ``inplace``; the copy writes over what it reads."""
    twin = copy.copy(activation)
    twin.inplace = True  # type: ignore[assignment]  # a plain attribute
    return twin

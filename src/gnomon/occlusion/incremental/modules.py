"""What the modules are that a traced graph calls."""

from typing import TypeGuard

from timm.layers.conv2d_same import Conv2dSame
from torch import fx, nn


def submodule(module: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """Give the module that a ``call_module`` node calls."""
    return module.get_submodule(str(node.target)) if node.op == "call_module" else None


def is_plain_convolution(module: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    """Say whether the module convolves with its weight as stored, and does nothing else."""
    return type(module) in (nn.Conv2d, Conv2dSame) and not is_hooked(module)


def is_hooked(module: nn.Module | None) -> bool:
    """Say whether calling the module does more than its forward method."""
    return module is not None and bool(module._forward_hooks or module._forward_pre_hooks)

"""Batch norm folded into the convolution before it."""

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental.modules import is_hooked, is_plain_convolution, submodule


def fold_batch_norms(module: fx.GraphModule) -> None:
    """Fold each batch norm that alone reads a convolution into that convolution's weights.

    The product is taken in float64 and cast back. Shared tensors are replaced, never written.
    """
    modules = [str(node.target) for node in module.graph.nodes if node.op == "call_module"]
    for node in list(module.graph.nodes):
        norm = _norm(module, node)
        source = node.args[0] if node.args else None
        if norm is None or not isinstance(source, fx.Node) or len(source.users) > 1:
            continue
        convolution = submodule(module, source)
        if not is_plain_convolution(convolution) or modules.count(str(source.target)) > 1:
            continue
        _fold(convolution, *norm)
        node.replace_all_uses_with(source)
        module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()


def _norm(module: fx.GraphModule, node: fx.Node) -> tuple[Tensor, Tensor] | None:
    """Return the scale and shift, in float64, of a batch norm that uses its running statistics."""
    called = submodule(module, node)
    if type(called) is nn.BatchNorm2d and not is_hooked(called):
        values: tuple[Any, ...] = (
            called.running_mean,
            called.running_var,
            called.weight,
            called.bias,
        )
        epsilon: Any = called.eps
    elif node.op == "call_function" and node.target is F.batch_norm:
        names = ("input", "running_mean", "running_var", "weight", "bias")
        given = dict(zip((*names, "training", "momentum", "eps"), node.args, strict=False))
        given |= node.kwargs
        if given.get("training", False) is not False:
            return None
        values = tuple(_constant(module, given.get(name)) for name in names[1:])
        epsilon = given.get("eps", 1e-5)
    else:
        return None
    mean, variance, weight, bias = values
    if mean is None or variance is None:
        return None
    scale = (variance.double() + epsilon).rsqrt()
    scale = scale if weight is None else scale * weight.double()
    shift = -mean.double() * scale
    return scale, shift if bias is None else shift + bias.double()


def _constant(module: fx.GraphModule, value: object) -> Tensor | None:
    if isinstance(value, fx.Node) and value.op == "get_attr":
        found: Any = module
        for part in str(value.target).split("."):
            found = getattr(found, part)
        return found if isinstance(found, Tensor) else None
    return None


def _fold(convolution: nn.Conv2d, scale: Tensor, shift: Tensor) -> None:
    weight = convolution.weight.detach()
    folded = (weight.double() * scale[:, None, None, None]).to(weight.dtype)
    if convolution.bias is not None:
        shift = shift + convolution.bias.detach().double() * scale
    convolution.weight = nn.Parameter(folded, requires_grad=False)
    convolution.bias = nn.Parameter(shift.to(weight.dtype), requires_grad=False)


def to_channels_last(module: fx.GraphModule) -> None:
    """Lay convolution weights out channels last; shared tensors are replaced, never written."""
    for node in module.graph.nodes:
        convolution = submodule(module, node)
        if is_plain_convolution(convolution):
            weight = convolution.weight.detach()
            laid = weight.contiguous(memory_format=torch.channels_last)
            convolution.weight = nn.Parameter(laid, requires_grad=False)

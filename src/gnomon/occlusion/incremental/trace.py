"""A private, functional copy of a network as a graph of single operations."""

import operator

import torch
from torch import fx, nn

from gnomon.classifier.copying import structural_copy
from gnomon.occlusion.incremental.inplace import UnsafeInPlaceError, make_functional
from gnomon.occlusion.incremental.modules import is_hooked, submodule

_IDENTITY_MODULES = (nn.Identity, nn.modules.dropout._DropoutNd)
_DROPOUTS = frozenset(
    {
        nn.functional.dropout,
        nn.functional.dropout2d,
        nn.functional.alpha_dropout,
        nn.functional.feature_alpha_dropout,
        torch.dropout,
    }
)


class UntraceableError(Exception):
    """The network's operations cannot be known before it runs; the text says why."""


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Leave whole what has hooks, what torch has, and convolutions that pad as they run."""
        hooked = bool(m._forward_hooks or m._forward_pre_hooks)
        return (
            hooked or isinstance(m, nn.Conv2d) or super().is_leaf_module(m, module_qualified_name)
        )


def trace(network: nn.Module) -> fx.GraphModule:
    """Trace ``network`` into a graph without dropout, identities or in-place operations.

    The network is left as it was. Raises ``UntraceableError`` where its control flow depends on
    data, where it cannot be copied, or where it takes or gives anything but one tensor.
    """
    try:
        private = structural_copy(network).eval()
        graph = _Tracer().trace(private)
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise UntraceableError(f"{type(error).__name__}: {reason[0] if reason else ''}") from error
    module = fx.GraphModule(private, graph)
    _keep_one_input(graph)
    for node in list(graph.nodes):
        if _is_identity(module, node):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
        elif node.op == "call_function" and node.target is torch._assert:
            graph.erase_node(node)
    try:
        make_functional(module)
    except UnsafeInPlaceError as error:
        raise UntraceableError(str(error)) from error
    graph.eliminate_dead_code()
    module.recompile()
    return module


def _keep_one_input(graph: fx.Graph) -> None:
    first, *others = [node for node in graph.nodes if node.op == "placeholder"]
    for node in others:
        if not node.args:
            raise UntraceableError(f"the network wants a second input, {node.target}")
        node.replace_all_uses_with(node.args[0])
        graph.erase_node(node)
    outputs = graph.output_node().args[0]
    if not isinstance(outputs, fx.Node) or outputs is first:
        raise UntraceableError(f"the network gives {type(outputs).__name__}, not one tensor")


def _is_identity(module: fx.GraphModule, node: fx.Node) -> bool:
    called = submodule(module, node)
    if called is not None:
        return isinstance(called, _IDENTITY_MODULES) and not is_hooked(called)
    if node.op != "call_function":
        return False
    if node.target in _DROPOUTS:
        training = node.kwargs.get("training", node.args[2] if len(node.args) > 2 else True)
        return training is False
    if getattr(node.target, "__name__", "") == "stochastic_depth":
        training = node.kwargs.get("training", node.args[3] if len(node.args) > 3 else True)
        return training is False
    return node.target is operator.pos

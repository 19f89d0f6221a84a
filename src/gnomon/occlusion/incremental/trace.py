"""A private, functional copy of a network as a graph of single operations."""

import inspect
import operator
from typing import Any

import torch
from torch import Tensor, fx, nn

from gnomon.classifier.copying import evaluating_copy
from gnomon.classifier.outputs import Scores
from gnomon.classifier.scorer import Scorer, mixes_images
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
        return (
            is_hooked(m)
            or isinstance(m, nn.Conv2d | torch.jit.ScriptModule)
            or super().is_leaf_module(m, module_qualified_name)
        )


def trace(network: nn.Module) -> fx.GraphModule:
    """Trace ``network`` into a graph without dropout, identities or in-place operations.

    The network is left as it was. Raises ``UntraceableError`` where its control flow depends on
    data, where it cannot be copied, where it takes or gives anything but one tensor, or where an
    image's scores depend on its batch.
    """
    asked = network.network if isinstance(network, Scores) else network
    if isinstance(asked, Scorer) and asked.batch is not None:
        raise UntraceableError(asked.because)
    if isinstance(network, torch.jit.ScriptModule):
        raise UntraceableError("it is a TorchScript program")
    try:
        private = evaluating_copy(network)
        if mixes_images(private):
            raise UntraceableError("a batch norm takes the statistics of its batch")
        graph = _Tracer().trace(private, concrete_args=_defaults(private))
    except UntraceableError:
        raise
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
        else:
            _bear_any_layout(graph, node)
    try:
        make_functional(module)
    except UnsafeInPlaceError as error:
        raise UntraceableError(str(error)) from error
    graph.eliminate_dead_code()
    module.recompile()
    return module


def _defaults(network: nn.Module) -> dict[str, Any]:
    """Return the values that a network's further inputs have where it gets an image alone."""
    _, *others = inspect.signature(network.forward).parameters.values()
    return {one.name: one.default for one in others if one.default is not one.empty}


def _keep_one_input(graph: fx.Graph) -> None:
    first, *others = [node for node in graph.nodes if node.op == "placeholder"]
    for node in others:
        # What is left of an input with a default only makes sure that this is its value.
        checks = [node]
        for check in checks:
            checks += [user for user in check.users if user not in checks]
        if any(check.op == "output" for check in checks):
            raise UntraceableError(f"the network wants a second input, {node.target}")
        for check in reversed(checks):
            graph.erase_node(check)
    outputs = graph.output_node().args[0]
    if not isinstance(outputs, fx.Node) or outputs is first:
        raise UntraceableError(f"the network gives {type(outputs).__name__}, not one tensor")


def _bear_any_layout(graph: fx.Graph, node: fx.Node) -> None:
    """Let a node compute the same of values whose channels are innermost."""
    if node.op == "call_method" and node.target == "view":
        # A size is a number; another type of element, as in view(torch.int32), stays a view.
        if not any(isinstance(argument, torch.dtype) for argument in node.args[1:]):
            node.target = "reshape"
    elif node.op == "call_method" and node.target == "view_as":
        node.target = "reshape_as"
    elif node.target in ("as_strided", torch.as_strided):
        with graph.inserting_before(node):
            twin = graph.call_function(_as_strided_if_contiguous, node.args, node.kwargs)
        node.replace_all_uses_with(twin)
        graph.erase_node(node)


def _as_strided_if_contiguous(values: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return values.contiguous().as_strided(*args, **kwargs)


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

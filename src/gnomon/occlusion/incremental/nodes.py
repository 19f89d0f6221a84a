"""Running a traced network node by node."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from torch import Tensor, fx

from gnomon.memory import is_out_of_memory
from gnomon.occlusion.incremental.refusal import blamed


def run_node(module: fx.GraphModule, node: fx.Node, values: dict[fx.Node, Any]) -> Any:
    """Compute a node from the values of its arguments.

    What does not take maps whose channels are innermost gets contiguous ones.
    """
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda n: values[n])
    try:
        return _called(module, node, args, kwargs)
    except Exception as error:
        if is_out_of_memory(error) or all(map(_is_contiguous, (*args, *kwargs.values()))):
            raise
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda n: _contiguous(values[n]))
    return _called(module, node, args, kwargs)


def _called(module: fx.GraphModule, node: fx.Node, args: Any, kwargs: Any) -> Any:
    match node.op:
        case "call_module":
            return module.get_submodule(str(node.target))(*args, **kwargs)
        case "call_method":
            return getattr(args[0], str(node.target))(*args[1:], **kwargs)
        case "get_attr":
            found: Any = module
            for part in str(node.target).split("."):
                found = getattr(found, part)
            return found
        case "output":
            return args[0]
    assert callable(node.target)
    return node.target(*args, **kwargs)


def _is_contiguous(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_contiguous, value))
    return not isinstance(value, Tensor) or value.is_contiguous()


def _contiguous(value: Any) -> Any:
    return value.contiguous() if isinstance(value, Tensor) else value


def last_reads(reads: dict[fx.Node, list[fx.Node]]) -> dict[fx.Node, list[fx.Node]]:
    """From what each node reads, in order: the values that nobody reads after it."""
    last = {source: node for node, sources in reads.items() for source in sources}
    freed: dict[fx.Node, list[fx.Node]] = {}
    for source, node in last.items():
        freed.setdefault(node, []).append(source)
    return freed


def clean_run(
    module: fx.GraphModule,
    images: Tensor,
    freed: dict[fx.Node, list[fx.Node]],
    visit: Callable[[fx.Node, dict[fx.Node, Any]], None],
    steps: int | None = None,
) -> None:
    """Run the network, or its first ``steps`` nodes, on images (I,3,H,W).

    ``visit`` sees each node and the live values. ``StepError`` names a node that fails.
    """
    values: dict[fx.Node, Any] = {}
    for node in islice(module.graph.nodes, steps):
        with blamed(node, None):
            values[node] = images if node.op == "placeholder" else run_node(module, node, values)
        visit(node, values)
        for source in freed.get(node, []):
            del values[source]

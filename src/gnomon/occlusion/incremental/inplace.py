"""In-place operations of a graph made functional, so that values never change after they exist."""

import inspect
import operator
from typing import Any

import torch
from torch import fx

from gnomon.occlusion.incremental.modules import is_hooked

_TWINS: dict[Any, Any] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
}
# fmt: off
_ALIASING_METHODS = frozenset(
    [
        "view", "reshape", "flatten", "permute", "transpose", "chunk", "split", "squeeze",
        "unsqueeze", "expand", "narrow", "contiguous", "to", "float", "double", "detach", "t",
        "unbind", "select", "type", "unflatten", "view_as", "reshape_as", "movedim",
    ]
)
# fmt: on
_ALIASING_FUNCTIONS = frozenset(
    {getattr(torch, name) for name in _ALIASING_METHODS if hasattr(torch, name)}
    | {operator.getitem, getattr}
)


class UnsafeInPlaceError(Exception):
    """An in-place change that other values of the graph could see."""


def make_functional(module: fx.GraphModule) -> None:
    """Replace in-place operations by their twins; later readers of the changed value get the new.

    Raises ``UnsafeInPlaceError`` where a changed value shares memory with one that is read later.
    """
    order = {node: index for index, node in enumerate(module.graph.nodes)}
    for node in list(module.graph.nodes):
        if not _set_out_of_place(module, node):
            continue
        changed = node.args[0] if node.args else node.kwargs.get("input")
        if not isinstance(changed, fx.Node):
            continue
        for relative in _aliases(changed):
            if any(order[user] > order[node] for user in relative.users):
                raise UnsafeInPlaceError(f"{node.name} changes {relative}'s memory in place")
        for user in list(changed.users):
            if order[user] > order[node]:
                user.replace_input_with(changed, node)
    for owned in module.modules():
        if getattr(owned, "inplace", False) is True:
            setattr(owned, "inplace", False)  # noqa: B010 - not a field that nn.Module declares


def _set_out_of_place(module: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        called: Any = module.get_submodule(str(node.target))
        if getattr(called, "inplace", False) is not True:
            return False
        if is_hooked(called):
            raise UnsafeInPlaceError(f"{node.target} has hooks and works in place")
        return True
    if node.op == "call_method":
        name = str(node.target)
        if not name.endswith("_") or name.endswith("__"):
            return False
        if not hasattr(torch.Tensor, name[:-1]):
            raise UnsafeInPlaceError(f"{name} has no twin that leaves its input alone")
        node.target = name[:-1]
        return True
    if node.op != "call_function":
        return False
    if node.target is operator.setitem:
        raise UnsafeInPlaceError(f"{node.name} writes into part of a tensor")
    if node.target in _TWINS:
        node.target = _TWINS[node.target]
        return True
    name = getattr(node.target, "__name__", "")
    if name.endswith("_") and not name.endswith("__"):
        twin = getattr(torch, name[:-1], None) or getattr(torch.nn.functional, name[:-1], None)
        if twin is None:
            raise UnsafeInPlaceError(f"{name} has no twin that leaves its input alone")
        node.target = twin
        return True
    return _clear_flag(node)


def _clear_flag(node: fx.Node) -> bool:
    if node.kwargs.get("inplace"):
        node.update_kwarg("inplace", False)
        return True
    if any(argument is True for argument in node.args):
        assert callable(node.target)
        try:
            names = list(inspect.signature(node.target).parameters)
        except ValueError:
            return False
        place = names.index("inplace") if "inplace" in names else -1
        if 0 <= place < len(node.args) and node.args[place] is True:
            node.update_arg(place, False)
            return True
    return False


def _aliases(node: fx.Node) -> set[fx.Node]:
    """Find the other values that may share memory with ``node``'s."""
    found: set[fx.Node] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        near = [user for user in current.users if _is_alias(user) and user.args[0] is current]
        if _is_alias(current) and isinstance(current.args[0], fx.Node):
            near.append(current.args[0])
        for other in near:
            if other not in found and other is not node:
                found.add(other)
                waiting.append(other)
    return found


def _is_alias(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target in _ALIASING_METHODS
    return node.op == "call_function" and node.target in _ALIASING_FUNCTIONS

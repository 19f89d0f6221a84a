"""What each node of a traced network does with a change, at one image size."""

import operator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from gnomon.occlusion.incremental.modules import (
    is_hooked,
    is_plain_convolution,
    kind_of,
    submodule,
    writing_over,
)
from gnomon.occlusion.incremental.nodes import clean_run, last_reads
from gnomon.occlusion.incremental.refusal import Refusals
from gnomon.occlusion.incremental.rules import FINDERS
from gnomon.occlusion.incremental.rules.channels import PIECES, Pieces, pieces
from gnomon.occlusion.incremental.rules.collapse import FLAT_FINDERS, Flat, flattens
from gnomon.occlusion.incremental.rules.rule import (
    Axes,
    Call,
    Carried,
    Collapse,
    Match,
    Rule,
)
from gnomon.occlusion.winograd import WinogradConv2d

Kind = Literal["input", "constant", "number", "alias", "carried", "collapsed", "whole"]
"""constant: the same for every image; number: a size or other value that is no tensor; alias:
another form of a region; carried: as a region; collapsed: from a region to values without a place;
whole: computed for whole maps."""


@dataclass(frozen=True, eq=False)
class Step:
    """One node: what is done with it, and what it costs for one whole image.

    ``sources`` are the nodes whose regions a rule takes, in the rule's order. ``in_place`` is what
    to call of a whole step that may write over the value that it reads. ``because`` says why a step
    that reads regions needs whole maps.
    """

    node: fx.Node
    kind: Kind
    rule: Rule | Collapse | None
    sources: tuple[fx.Node, ...]
    shape: tuple[int, ...]
    axes: Axes | None
    dense_multiply_adds: int
    in_place: nn.Module | None = None
    because: str = ""
    dtype: torch.dtype | None = None

    @property
    def reads(self) -> list[fx.Node]:
        """All nodes whose values must live until this step."""
        return list(dict.fromkeys((*self.node.all_input_nodes, *self.sources)))

    @property
    def map_size(self) -> tuple[int, int]:
        """Height and width of a carried map."""
        assert self.axes is not None
        return self.shape[self.axes[0]], self.shape[self.axes[1]]


def analyze(module: fx.GraphModule, image: Tensor, refusals: Refusals) -> tuple[list[Step], Any]:
    """Find the rule for every node, with the shapes that one image (1,3,H,W) has.

    Nodes in ``refusals`` get none, and those whose rule breaks join them. Returns the steps, and
    the network's output for the image.
    """
    steps: list[Step] = []
    states: dict[fx.Node, Any] = {}
    numbers: dict[fx.Node, Any] = {}
    counter = FlopCounterMode(display=False)
    counted = 0
    output: Any = None

    def visit(node: fx.Node, values: dict[fx.Node, Any]) -> None:
        nonlocal counted, output
        multiply_adds = (counter.get_total_flops() - counted) // 2
        counted = counter.get_total_flops()
        output = value = values[node]
        if _is_constant(node, states) or not _holds_tensor(value):
            numbers[node] = value
        step = _step(module, node, value, states, numbers, multiply_adds, refusals)
        steps.append(step)

    freed = last_reads({node: node.all_input_nodes for node in module.graph.nodes})
    with counter:
        clean_run(module, image, freed, visit)
    return steps, output


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_tensor(part) for part in value)
    return isinstance(value, Tensor)


def _is_constant(node: fx.Node, states: dict[fx.Node, Any]) -> bool:
    return node.op not in ("placeholder", "output") and all(
        states[source] == "constant" for source in node.all_input_nodes
    )


def _step(
    module: fx.GraphModule,
    node: fx.Node,
    value: Any,
    states: dict[fx.Node, Any],
    numbers: dict[fx.Node, Any],
    multiply_adds: int,
    refusals: Refusals,
) -> Step:
    (shape, dtype) = (tuple(value.shape), value.dtype) if isinstance(value, Tensor) else ((), None)

    def step(
        kind: Kind,
        rule: Rule | Collapse | None = None,
        sources: tuple[fx.Node, ...] = (),
        axes: Axes | None = None,
        in_place: nn.Module | None = None,
        because: str = "",
    ) -> Step:
        return Step(node, kind, rule, sources, shape, axes, multiply_adds, in_place, because, dtype)

    if node.op == "placeholder":
        states[node] = Carried(shape, (2, 3))
        return step("input", axes=(2, 3))
    if _is_constant(node, states):
        states[node] = "constant"
        return step("constant")
    if node.op != "output" and not _holds_tensor(value):
        states[node] = "number"
        return step("number")
    found: Match | Collapse | Pieces | Flat | str = ""
    if node.op != "output":
        found = _find(module, node, value, states, numbers, refusals)
    match found:
        case Match(rule, axes):
            states[node] = Carried(shape, axes)
            return step("carried", rule, _sources(node, states), axes)
        case Pieces() | Flat():
            states[node] = found
            return step("alias", sources=_sources(node, states))
        case Collapse():
            states[node] = "whole"
            return step("collapsed", found, _sources(node, states))
    states[node] = "whole"
    sources = tuple(dict.fromkeys(_sources(node, states)))
    in_place = _in_place(module, node, states)
    return step("whole", sources=sources, in_place=in_place, because=found if sources else "")


def _in_place(
    module: fx.GraphModule, node: fx.Node, states: dict[fx.Node, Any]
) -> nn.Module | None:
    """Return the activation that may write over a whole map, made by a convolution for it alone."""
    called = submodule(module, node)
    if called is None or getattr(called, "inplace", None) is not False or is_hooked(called):
        return None
    (source, *others) = node.all_input_nodes
    maker = submodule(module, source)
    is_new = is_plain_convolution(maker) or type(maker) is WinogradConv2d
    is_alone = len(source.users) == 1 and not others
    return writing_over(called) if is_new and is_alone and states[source] == "whole" else None


def _sources(node: fx.Node, states: dict[fx.Node, Any]) -> tuple[fx.Node, ...]:
    """Find the arguments with a region, in order, each as often as it is used."""
    found: list[fx.Node] = []

    def add(source: fx.Node) -> fx.Node:
        root = source
        while isinstance(states[root], Pieces | Flat):
            root = root.all_input_nodes[0]
        if isinstance(states[root], Carried):
            found.append(root)
        return source

    fx.node.map_arg((node.args, node.kwargs), add)
    return tuple(found)


def _find(
    module: fx.GraphModule,
    node: fx.Node,
    value: Any,
    states: dict[fx.Node, Any],
    numbers: dict[fx.Node, Any],
    refusals: Refusals,
) -> Match | Collapse | Pieces | Flat | str:
    """Find the rule for a node, or why there is none."""
    sources = node.all_input_nodes
    if any(states[source] == "whole" for source in sources):
        return "what it reads is not known place by place"
    if node in refusals:
        return refusals.because(node)
    called = submodule(module, node)
    if is_hooked(called):
        return "it has hooks"
    args: tuple[Any, ...]
    args, kwargs = fx.node.map_arg(
        (node.args, node.kwargs), lambda n: numbers[n] if n in numbers else states[n]
    )
    call = Call(value, called)
    target: Any = node.target
    if called is not None:
        target = kind_of(called)
        args = (called, *args)
    handled = [states[s] for s in sources if s not in numbers]
    finder: Any
    if any(isinstance(state, Flat) for state in handled):
        finder = FLAT_FINDERS.get(target)
    elif target in PIECES:
        finder = pieces
    elif any(isinstance(state, Pieces) for state in handled) and target not in _TAKES_PIECES:
        finder = None
    else:
        finder = FINDERS.get(target)
    if finder is None:
        return "there is no rule for this operation"
    found: Match | Collapse | Pieces | None = refusals.find(node, finder, call, *args, **kwargs)
    if found is None and _may_flatten(node, call, handled, module):
        return Flat(handled[0])
    if found is None:
        return refusals.because(node) or "its rule does not hold for these arguments"
    return found


_TAKES_PIECES = (operator.getitem,)
_FLATTENING = (torch.flatten, "flatten", "view", "reshape", torch.reshape, nn.Flatten)


def _may_flatten(node: fx.Node, call: Call, states: list[Any], module: fx.GraphModule) -> bool:
    """Return whether a node flattens one map for linear layers and for nothing else."""
    target = type(call.module) if call.module is not None else node.target
    return (
        target in _FLATTENING
        and bool(states)
        and isinstance(states[0], Carried)
        and flattens(call, states[0])
        and all(
            (type(submodule(module, user)) if user.op == "call_module" else user.target)
            in FLAT_FINDERS
            and user.args[0] is node
            for user in node.users
        )
    )

"""What the incremental engine will do, node by node, and how much work that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text
from torch import fx

from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.groups import Group
from gnomon.occlusion.incremental.regions import Size
from gnomon.occlusion.incremental.rules.rule import Collapse
from gnomon.occlusion.incremental.schedule import Schedule

WIDEST = 10_000
SHOWN = 5
"""So many reasons stand under the table."""


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """One operation: what is computed of it, for how many multiply-adds, all windows together.

    ``path`` is "incremental", "delta" (from regions to values without a place), "dense" (whole
    maps) or "incremental, then dense" (dense for some windows). ``smallest`` and ``largest`` are
    the regions' (height, width), ``map_size`` the whole map's; ``None`` where nothing has a place.
    ``because`` says why a node takes whole maps that the one before it did not need.
    """

    name: str
    operation: str
    path: str
    smallest: Size | None
    largest: Size | None
    map_size: Size | None
    multiply_adds: int
    dense_multiply_adds: int
    because: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """The planned work for one image.

    ``multiply_adds`` counts convolutions, linear layers and matrix products for the clean image
    and all ``windows``, each convolution as the direct way does it; ``dense_multiply_adds`` the
    same for whole passes; ``ideal_multiply_adds`` if each window had region sizes of its own.
    ``dense_because`` says why nothing is incremental, and is empty otherwise.
    """

    nodes: tuple[PlannedNode, ...]
    windows: int
    groups: int
    multiply_adds: int
    dense_multiply_adds: int
    ideal_multiply_adds: int
    dense_because: str = ""

    def __repr__(self) -> str:
        return f"<Plan of {len(self.nodes)} nodes: {self._title()}>"

    @property
    def ratio(self) -> float:
        """How many times less work than dense."""
        return self.dense_multiply_adds / self.multiply_adds if self.multiply_adds else 1.0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the plan out as a table for ``rich.print``, with all names in full."""
        wide = self._wide()
        needed = console.measure(wide, options=options.update(width=WIDEST)).maximum
        yield wide if needed <= options.max_width else self._narrow()

    def _wide(self) -> Table:
        table = Table(title=self._title(), caption=self._caption())
        for name in ("node", "operation", "path", "region", "map"):
            table.add_column(name, overflow="fold")
        for name in ("multiply-adds", "dense", "ratio"):
            table.add_column(name, justify="right")
        for node in self.nodes:
            table.add_row(
                Text(node.name),
                Text(node.operation),
                Text(node.path),
                _range(node.smallest, node.largest),
                _size(node.map_size),
                _count(node.multiply_adds),
                _count(node.dense_multiply_adds),
                _ratio(node),
            )
        return table

    def _narrow(self) -> Table:
        """Let operation and path stand below the node, and leave out what the ratio says too."""
        table = Table(title=self._title(), caption=self._caption(), box=SIMPLE_HEAD, padding=(0, 0))
        table.add_column("node", overflow="fold")
        for name in ("region", "map"):
            table.add_column(name)
        for name in ("multiply-\nadds", "ratio"):
            table.add_column(name, justify="right")
        for node in self.nodes:
            table.add_row(
                Text(f"{node.name}\n  {node.operation}, {node.path}"),
                _range(node.smallest, node.largest),
                _size(node.map_size),
                _count(node.multiply_adds),
                _ratio(node),
            )
        return table

    def _caption(self) -> Text | None:
        """Explain why there are whole maps: for the whole network, or where they begin."""
        begin = [f"{node.name} is dense: {node.because}" for node in self.nodes if node.because]
        more = [f"and {len(begin) - SHOWN} more"] if len(begin) > SHOWN else []
        caption = self.dense_because or "\n".join(begin[:SHOWN] + more)
        return Text(caption) if caption else None

    def _title(self) -> str:
        ideal = self.dense_multiply_adds / max(self.ideal_multiply_adds, 1)
        return (
            f"{self.windows} windows in {self.groups} groups: {_count(self.multiply_adds)} "
            f"multiply-adds, dense {_count(self.dense_multiply_adds)}: {self.ratio:.2f} times less"
            f" (ideal {ideal:.2f})"
        )


def describe(module: fx.GraphModule, schedule: Schedule) -> Plan:
    """Put a schedule into words."""
    nodes = tuple(
        _describe_step(module, step, index, schedule.groups)
        for index, step in enumerate(schedule.steps)
        if step.kind in ("carried", "collapsed", "whole") and step.node.op != "output"
    )
    return Plan(
        nodes,
        schedule.windows,
        len(schedule.groups),
        schedule.multiply_adds,
        schedule.dense_multiply_adds,
        schedule.ideal_multiply_adds,
    )


def dense_plan(windows: int, reason: str) -> Plan:
    """Return the plan of a network whose operations are not known, nor counted."""
    return Plan((), windows, 1, 0, 0, 0, reason)


def _describe_step(
    module: fx.GraphModule, step: Step, index: int, groups: Sequence[Group]
) -> PlannedNode:
    node = step.node
    operation = getattr(node.target, "__name__", str(node.target))
    if node.op == "call_module":
        operation = type(module.get_submodule(str(node.target))).__name__
    dense = sum(group.cut <= index for group in groups)
    path = "delta" if step.kind == "collapsed" else "incremental"
    takes_whole_maps = isinstance(step.rule, Collapse) and step.rule.takes_whole_maps
    if step.kind == "whole" or takes_whole_maps or dense == len(groups):
        path = "dense"
    elif dense and step.kind == "carried":
        path = "incremental, then dense"
    sizes = [group.sizes[node] for group in groups if node in group.sizes]
    planned = sum(group.windows * group.costs[index].multiply_adds for group in groups)
    windows = sum(group.windows for group in groups)
    return PlannedNode(
        str(node.target) if node.op == "call_module" else node.name,
        operation,
        path,
        min(sizes, key=_area, default=None),
        max(sizes, key=_area, default=None),
        step.map_size if step.axes else None,
        round(planned),
        windows * step.dense_multiply_adds,
        step.because,
    )


def _area(size: Size) -> int:
    return size[0] * size[1]


def _size(size: Size | None) -> str:
    return f"{size[0]}x{size[1]}" if size else ""


def _range(smallest: Size | None, largest: Size | None) -> str:
    if smallest == largest:
        return _size(smallest)
    return f"{_size(smallest)} to {_size(largest)}"


def _ratio(node: PlannedNode) -> str:
    share = node.dense_multiply_adds / node.multiply_adds if node.multiply_adds else 0.0
    return f"{share:.1f}" if share else ""


def _count(number: int) -> str:
    for factor, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if number >= factor:
            return f"{number / factor:.2f} {unit}"
    return str(number)

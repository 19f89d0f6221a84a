"""The picture with its points on a page: drawn, pointed at, and changed by mouse and keyboard."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from gnomon.geometry import Affine
from gnomon.report.pictures import placed
from gnomon.types import Heatmap
from gnomon.web.browser_values import field, number

OnPlace = Callable[[float, float], Any]


class Stage(Element, component=Path(__file__).parent / "stage.js"):
    """A picture of ``width`` x ``height`` file pixels; points are rows as the report has them.

    Events: ``pick`` (x, y) for a click beside all points, ``choose`` (rank) for one on a point,
    and where points can be changed ``move`` (rank, x, y) and ``add`` (x, y).
    """

    def __init__(self, label: str, *, editable: bool = False) -> None:
        super().__init__()
        self._props["label"] = label
        self._props["editable"] = editable
        self._props.update(source="", width=1, height=1, points=[], overlay=None, window=None)
        self._props.update(chosen=None, names=[])

    def show(self, **changes: Any) -> None:
        """Change what is drawn: source, width, height, points, overlay, window, chosen, label."""
        self._props.update(changes)
        self.update()

    def on_place(self, name: str, handler: OnPlace) -> None:
        """Call ``handler`` with the place of a ``pick`` or an ``add``."""

        def called(event: GenericEventArguments) -> Any:
            place = self._place(event.args)
            return None if place is None else handler(*place)

        self.on(name, called)

    def on_choose(self, handler: Callable[[int], Any]) -> None:
        """Call ``handler`` with the rank of the point that is chosen."""

        def called(event: GenericEventArguments) -> Any:
            rank = self._rank(event.args)
            return None if rank is None else handler(rank)

        self.on("choose", called)

    def on_move(self, handler: Callable[[int, float, float], Any]) -> None:
        """Call ``handler`` with the rank of a point, and where it is moved to."""

        def called(event: GenericEventArguments) -> Any:
            rank, place = self._rank(event.args), self._place(event.args)
            return None if rank is None or place is None else handler(rank, *place)

        self.on("move", called)

    def _place(self, args: Any) -> tuple[float, float] | None:
        """Read a place of the picture, in file pixels."""
        x = number(field(args, "x"), -0.5, self._props["width"] - 0.5)
        y = number(field(args, "y"), -0.5, self._props["height"] - 0.5)
        return None if x is None or y is None else (x, y)

    def _rank(self, args: Any) -> int | None:
        """Read the rank of a point that is shown."""
        rank = field(args, "rank")
        return next((int(point[0]) for point in self._props["points"] if point[0] == rank), None)


def overlay_of(heatmap: Heatmap, to_file: Affine) -> dict[str, Any]:
    """Make a map into what a stage lays over its picture, with the ends of its scale."""
    return asdict(placed(heatmap.values, to_file))

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

Handler = Callable[[dict[str, Any]], Any]


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

    def on_event(self, name: str, handler: Handler) -> None:
        """Call ``handler`` with the event's values."""

        def called(event: GenericEventArguments) -> Any:
            return handler(event.args)

        self.on(name, called)


def overlay_of(heatmap: Heatmap, to_file: Affine) -> dict[str, Any]:
    """Make a map into what a stage lays over its picture, with the ends of its scale."""
    return asdict(placed(heatmap.values, to_file))

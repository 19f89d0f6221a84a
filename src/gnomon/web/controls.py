"""What a page is worked with: the browser's own controls, so that keyboard and reader know them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from gnomon.web.browser_values import field, line, number
from gnomon.web.uploads import KINDS, MAX_BYTES, TOO_LARGE

HERE = Path(__file__).parent
Options = Sequence[tuple[str, str]]


class Slider(Element, component=HERE / "slider.js"):
    """A slider with its name and value above; ``on_moved`` gets the value, 25 times a second."""

    def __init__(
        self,
        label: str,
        span: tuple[float, float, float],
        value: float,
        on_moved: Callable[[float], Any],
        unit: str = "",
    ) -> None:
        super().__init__()
        low, high, step = span
        self._props.update(label=label, min=low, max=high, step=step, value=value, unit=unit)

        def moved(event: Any) -> Any:
            value = number(event.args, low, high)
            if value is None:
                return None
            self._props["value"] = value
            return on_moved(value)

        self.on("moved", moved)

    def set(self, value: float) -> None:
        """Put the slider somewhere."""
        self._props["value"] = value
        self.update()


class Choice(Element, component=HERE / "choice.js"):
    """A list to choose from; ``on_chosen`` gets the chosen option's key."""

    def __init__(
        self, label: str, options: Options, value: str, on_chosen: Callable[[str], Any]
    ) -> None:
        super().__init__()
        self._props["label"] = label
        self.offer([("", options)], value)

        def chosen(event: Any) -> Any:
            if event.args not in self._offered():
                return None
            self._props["value"] = event.args
            return on_chosen(event.args)

        self.on("chosen", chosen)

    def _offered(self) -> list[str]:
        return [key for group in self._props["groups"] for key, _ in group["options"]]

    @property
    def value(self) -> str:
        """The chosen option's key."""
        return str(self._props["value"])

    def set(self, value: str) -> None:
        """Choose an option."""
        self._props["value"] = value
        self.update()

    def offer(self, groups: Sequence[tuple[str, Options]], value: str) -> None:
        """Offer other options, in groups with a heading or without."""
        self._props["groups"] = [
            {"label": label, "options": [list(option) for option in options]}
            for label, options in groups
        ]
        self._props["value"] = value
        self.update()


class Drop(Element, component=HERE / "drop.js"):
    """Where an image is dropped, chosen or pasted."""

    def __init__(self, on_sent: Callable[[str], Any], on_refused: Callable[[str], Any]) -> None:
        super().__init__()
        self._props.update(kinds=KINDS, most=MAX_BYTES, too_large=TOO_LARGE)

        def called(name: str, act: Callable[[str], Any]) -> Callable[[Any], Any]:
            def call(event: Any) -> Any:
                said = line(field(event.args, name))
                return None if said is None else act(said)

            return call

        self.on("sent", called("token", on_sent))
        self.on("refused", called("why", on_refused))


def words(tag: str, text: str = "", classes: str = "") -> TextElement:
    """Put words on the page, in an element of the given kind."""
    return TextElement(tag=tag, text=text).classes(classes)


def button(text: str, on_click: Callable[[], Any]) -> TextElement:
    """Make a button."""
    made = words("button", text).props("type=button")
    made.on("click", lambda: on_click())
    return made


class Field(Element, component=HERE / "field.js"):
    """A line to write on; ``on_entered`` gets it on Enter, or as it is typed where ``live``."""

    def __init__(self, label: str, on_entered: Callable[[str], Any], *, live: bool = False) -> None:
        super().__init__()
        self._props.update(label=label, value="", options=[], live=live)
        self._props["kind"] = "search" if live else "text"

        def entered(event: Any) -> Any:
            said = line(event.args)
            if said is None:
                return None
            self._props["value"] = said
            return on_entered(said)

        self.on("entered", entered)

    def set(self, value: str, options: Sequence[str]) -> None:
        """Write on the line, and say what may be chosen."""
        self._props.update(value=value, options=list(options))
        self.update()


class Keys(Element, component=HERE / "keys.js"):
    """Keys for the whole page: what each does, by its name with Shift+ or Ctrl+.

    ``writes`` are keys that put the cursor on a line instead, which a CSS selector names.
    """

    def __init__(self, actions: dict[str, Callable[[], Any]], writes: dict[str, str]) -> None:
        super().__init__()
        self._props.update(known=list(actions), writes=writes)

        def pressed(event: Any) -> Any:
            known = isinstance(event.args, str) and event.args in actions
            return actions[event.args]() if known else None

        self.on("key", pressed)


class Address(Element, component=HERE / "address.js"):
    """What the browser's line of address shows."""

    def show(self, path: str) -> None:
        """Show another path of this page."""
        self._props["path"] = path
        self.update()

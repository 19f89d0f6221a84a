"""The run's images as a list: searched, a page at a time, with how far each is judged."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

from nicegui import ui

from gnomon.path_text import last_step
from gnomon.web.album import Album, State
from gnomon.web.controls import Choice, Field, button, words

A_PAGE = 40
STATES = (
    ("all", "all"),
    ("untouched", "not judged yet"),
    ("begun", "begun"),
    ("done", "judged"),
)


class ImageList:
    """Shows which images there are; ``on_chosen`` is told of a click."""

    def __init__(self, album: Album, on_chosen: Callable[[str], Any]) -> None:
        self.album, self._on_chosen = album, on_chosen
        self.ids = album.search()
        self.now: str | None = self.ids[0] if self.ids else None
        self._page = 0
        self._words, self._label, self._state = "", "", "all"
        self._search = Field("search", self._searched, live=True)
        self._classes = Choice(
            "class", [("", "all"), *((one, one) for one in album.labels)], "", self._of_class
        )
        self._states = Choice("show", STATES, "all", self._in_state)
        self._list = ui.element("div").classes("list").props('role=group aria-label="Images"')
        with ui.element("div").classes("pager"):
            button("←", lambda: self._turn(-1)).props('aria-label="earlier images"')
            self._where = words("span", "")
            button("→", lambda: self._turn(1)).props('aria-label="later images"')
        self._summary = words("p", "", "quiet")

    def _searched(self, words_: str) -> None:
        self._words = words_
        self._find()

    def _of_class(self, label: str) -> None:
        self._label = label
        self._find()

    def _in_state(self, state: str) -> None:
        self._state = state
        self._find()

    def _find(self) -> None:
        self.ids = self.album.search(self._words, self._label, cast(State, self._state))
        self._page = 0
        self.draw()

    def _turn(self, pages: int) -> None:
        last = max(0, len(self.ids) - 1) // A_PAGE
        self._page = min(max(self._page + pages, 0), last)
        self.draw()

    def neighbor(self, steps: int) -> str | None:
        """Return the image so many steps further in what was found."""
        if not self.ids:
            return None
        if self.now not in self.ids:
            return self.ids[0]
        place = self.ids.index(self.now) + steps
        return self.ids[place] if 0 <= place < len(self.ids) else None

    def choose(self, image_id: str) -> None:
        """Mark an image as the one that is looked at."""
        self.now = image_id
        if image_id in self.ids:
            self._page = self.ids.index(image_id) // A_PAGE
        self.draw()

    def draw(self) -> None:
        """Draw the page of the list."""
        start = self._page * A_PAGE
        self._list.clear()
        with self._list:
            for image_id in self.ids[start : start + A_PAGE]:
                self._draw_row(image_id)
        end = min(start + A_PAGE, len(self.ids))
        self._where.text = f"{start + 1 if self.ids else 0} to {end} of {len(self.ids)}"
        touched = len(self.album.review.images)
        self._summary.text = f"{touched} of {len(self.album.rows)} images begun or judged"

    def _draw_row(self, image_id: str) -> None:
        row = self.album.rows[image_id]
        judged, of = self.album.judged(image_id)
        made = ui.element("button").props("type=button")
        made.props["data-image"] = image_id
        if image_id == self.now:
            made.props("aria-current=true")
        made.on("click", lambda: self._on_chosen(image_id))
        with made:
            picture = ui.element("img").props('alt="" loading=lazy')
            picture.props["src"] = f"/run/thumbnail/{quote(image_id)}"
            with ui.element("span"):
                words("b", row["label"])
                words("small", last_step(row["path"]))
            words("span", f"{judged}/{of}" if judged else "", "judged")

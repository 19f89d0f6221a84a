"""The page to judge a run: accept, reject, move, add and name keypoints, by mouse and keyboard."""

from asyncio import to_thread
from collections.abc import Callable
from typing import Any, cast, get_args
from urllib.parse import quote

from nicegui import ui

from gnomon.errors import GnomonError
from gnomon.runs import Event
from gnomon.runs.review_event import Kind
from gnomon.types import HeatmapKind
from gnomon.web.album import Album
from gnomon.web.controls import Address, Choice, Field, Keys, button, words
from gnomon.web.decoding import in_turn
from gnomon.web.exporting import draw_export
from gnomon.web.image_list import ImageList
from gnomon.web.judge_legend import draw_keys, draw_legend
from gnomon.web.point_facts import facts_of, judged, said_of
from gnomon.web.stage import Stage, overlay_of

NO_MAP = "none"
MAPS = (NO_MAP, *get_args(HeatmapKind))
STEP = 1.0
FOLLOW = 2.0
"""Seconds until a page shows what another one has written."""


class JudgePage:
    """What one browser judges."""

    def __init__(self, album: Album, start: str | None = None) -> None:
        self.album = album
        self.chosen: int | None = None
        self.map = NO_MAP
        self.image_id = ""
        self._drawn = 0
        with ui.element("div").classes("judge"):
            with ui.element("aside").props('aria-label="Images of the run"'):
                self.list = ImageList(album, self.look)
            with ui.element("div"):
                self._draw_work()
            with ui.element("aside").props('aria-label="Judging"'):
                self._draw_actions()
        self._address = Address()
        self.keys = Keys(self._key_actions(), writes={"n": ".name-field input"})
        first = start if start in album.rows else self.list.now
        if first is None:
            self._said.text = "the run has no images"
        else:
            ui.timer(0.01, lambda: self.look(first), once=True)
            ui.timer(FOLLOW, self._follow)

    def _draw_work(self) -> None:
        with ui.element("div").classes("bar"):
            self._title = words("h1", "")
            kinds = [(NO_MAP, "no map"), *((kind, kind) for kind in MAPS[1:])]
            self._maps = Choice("map", kinds, NO_MAP, self._lay)
            self._explore = words("a", "Explore")
            button("← Before", lambda: self._turn(-1))
            button("Next →", lambda: self._turn(1))
        self._said = words("p", "", "said").props("role=status")
        self.stage = Stage("Keypoints to judge", editable=True)
        self.stage.on_choose(self._choose)
        self.stage.on_move(self._move)
        self.stage.on_place("add", self._add)
        draw_legend()

    def _draw_actions(self) -> None:
        with ui.element("div").props("aria-live=polite"):
            self._which = words("h2", "", "headline")
            self._facts = ui.element("dl").classes("facts")
        with ui.element("div").classes("actions"):
            self._action("Accept", "a", lambda: self._judge("accepted"))
            self._action("Reject", "x", lambda: self._judge("rejected"))
            self._action("Accept the rest", "⇧a", lambda: self._judge_rest("accepted"), "wide")
            self._action("Reject the rest", "⇧x", lambda: self._judge_rest("rejected"), "wide")
            self._action("Add a keypoint", "p", self._add_beside, "wide")
            with ui.element("div").classes("wide"):
                self._name = Field("name (n)", self._named).classes("name-field")
            self._action("Undo", "z", self._undo, "wide")
        draw_export(self.album, self._say)
        draw_keys()

    def _action(self, text: str, key: str, do: Callable[[], Any], classes: str = "") -> None:
        with button("", do).classes(classes):
            words("span", text)
            words("kbd", key).props("aria-hidden=true")

    def _key_actions(self) -> dict[str, Callable[[], Any]]:
        moves = {"Left": (-STEP, 0), "Right": (STEP, 0), "Up": (0, -STEP), "Down": (0, STEP)}
        nudges = {f"Shift+Arrow{way}": self._nudger(*step) for way, step in moves.items()}
        return nudges | {
            "ArrowRight": lambda: self._step(1),
            "ArrowLeft": lambda: self._step(-1),
            "a": lambda: self._judge("accepted"),
            "x": lambda: self._judge("rejected"),
            "Delete": lambda: self._judge("rejected"),
            "Shift+a": lambda: self._judge_rest("accepted"),
            "Shift+x": lambda: self._judge_rest("rejected"),
            "p": self._add_beside,
            "z": self._undo,
            "Ctrl+z": self._undo,
            "[": lambda: self._turn(-1),
            "]": lambda: self._turn(1),
            "m": self._next_map,
        }

    async def look(self, image_id: str) -> None:
        """Show an image of the run."""
        row = self.album.rows[image_id]
        self.list.choose(image_id)
        self.image_id = image_id
        points = self._points()
        unseen = [point[0] for point in points if point[10] == "unseen"]
        self.chosen = unseen[0] if unseen else (points[0][0] if points else None)
        self._title.text = f"{row['label']}, {row['probability']:.1%}"
        self._say("")
        self.stage.show(
            source=f"/run/picture/{quote(image_id)}",
            width=row["width"],
            height=row["height"],
            overlay=None,
            names=list(self.album.part_names),
            label=f"Keypoints of {row['path']}",
        )
        self._draw()
        self._explore.props["href"] = f"/?image={quote(image_id)}"
        self._address.show(f"/run?image={quote(image_id)}")
        await self._lay(self.map)
        absence = await in_turn(self.album.absence, image_id)
        if absence and image_id == self.image_id:
            self._say(absence)

    async def _lay(self, kind: str) -> None:
        """Lay a map over the picture, or none."""
        self.map = kind
        image_id = self.image_id
        maps = None if kind == NO_MAP else await to_thread(self.album.maps, image_id)
        if image_id != self.image_id:
            return
        overlay = None
        if maps is not None:
            heatmap = self.album.shown(image_id, maps, cast(HeatmapKind, kind))
            overlay = await to_thread(overlay_of, heatmap, maps.to_file)
        elif kind != NO_MAP:
            self._say("the run kept no maps: detect with --save-heatmaps")
        self.stage.show(overlay=overlay)

    async def _next_map(self) -> None:
        kind = MAPS[(MAPS.index(self.map) + 1) % len(MAPS)]
        self._maps.set(kind)
        await self._lay(kind)

    def _points(self) -> list[list[Any]]:
        return self.album.rows_for_stage(self.image_id)

    def _draw(self) -> None:
        """Draw the points, and what is known of the chosen one."""
        points = self._points()
        self._drawn = len(self.album.review.events)
        point = next((one for one in points if one[0] == self.chosen), None)
        self.stage.show(points=points, chosen=None if point is None else self.chosen)
        self._facts.clear()
        if point is None:
            self._which.text = f"{judged(points)} judged"
            self._name.set("", self.album.names())
            return
        self._which.text = f"Keypoint {point[0]}, {said_of(point)}"
        with self._facts:
            for name, value in facts_of(point, points, self.album.part_names):
                words("dt", name)
                words("dd", value)
        self._name.set(point[11] or "", self.album.names())

    def _follow(self) -> None:
        """Show what others have said of the run meanwhile."""
        try:
            self.album.review.refresh()
        except GnomonError as error:
            self._say(str(error))
            return
        if self.image_id and len(self.album.review.events) != self._drawn:
            self._draw()
            self.list.draw()

    def _choose(self, rank: int) -> None:
        self.chosen = rank
        self._draw()

    def _step(self, steps: int) -> None:
        ranks = [point[0] for point in self._points()]
        if ranks:
            now = ranks.index(self.chosen) if self.chosen in ranks else -steps
            self._choose(ranks[(now + steps) % len(ranks)])

    async def _turn(self, steps: int) -> None:
        image_id = self.list.neighbor(steps)
        if image_id is None:
            self._say("there is no further image in the list")
        else:
            await self.look(image_id)

    def _record(self, kind: Kind, points: tuple[int, ...], **more: Any) -> bool:
        """Write an event about the image; say why where it cannot be written."""
        try:
            event = Event(kind=kind, image_id=self.image_id, points=points, **more)
            self.album.review.record(event)
        except (GnomonError, ValueError) as error:
            self._say(str(error))
            return False
        self._say("")
        self._draw()
        self.list.draw()
        return True

    def _judge(self, kind: Kind) -> None:
        """Judge the chosen point and go on to the next that is not judged."""
        if self.chosen is not None and self._record(kind, (self.chosen,)):
            unseen = [point[0] for point in self._points() if point[10] == "unseen"]
            later = [rank for rank in unseen if rank > self.chosen]
            if unseen:
                self._choose((later or unseen)[0])

    def _judge_rest(self, kind: Kind) -> None:
        unseen = tuple(point[0] for point in self._points() if point[10] == "unseen")
        if unseen:
            self._record(kind, unseen)

    def _move(self, rank: int, x: float, y: float) -> None:
        self.chosen = rank
        if not self._record("moved", (rank,), x=round(float(x), 3), y=round(float(y), 3)):
            self._draw()

    def _nudger(self, dx: float, dy: float) -> Callable[[], None]:
        def nudge() -> None:
            for point in self._points():
                if point[0] == self.chosen:
                    row = self.album.rows[self.image_id]
                    x = min(max(point[1] + dx, -0.5), row["width"] - 0.5)
                    y = min(max(point[2] + dy, -0.5), row["height"] - 0.5)
                    self._move(point[0], x, y)

        return nudge

    def _add(self, x: float, y: float) -> None:
        try:
            rank = self.album.add(self.image_id, round(float(x), 3), round(float(y), 3))
        except (GnomonError, ValueError) as error:
            self._say(str(error))
            return
        self._say("")
        self._choose(rank)
        self.list.draw()

    def _add_beside(self) -> None:
        """Add a point where the keyboard can take it further: in the middle of the image."""
        row = self.album.rows[self.image_id]
        self._add((row["width"] - 1) / 2, (row["height"] - 1) / 2)

    def _named(self, name: str) -> None:
        if self.chosen is not None:
            self._record("named", (self.chosen,), name=name.strip()[:80])

    async def _undo(self) -> None:
        try:
            undone = self.album.review.undo()
        except GnomonError as error:
            self._say(str(error))
            return
        if undone is None:
            self._say("there is nothing to undo")
            return
        if undone.image_id != self.image_id and undone.image_id in self.album.rows:
            await self.look(undone.image_id)
        self.chosen = undone.points[0]
        self._draw()
        self.list.draw()
        self._say(f"undone: {undone.kind}")

    def _say(self, sentence: str) -> None:
        self._said.text = sentence

"""The page to explore: one image, one classifier or two, and every setting after the maps."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import Any, cast

from nicegui import ui

from gnomon.errors import GnomonError
from gnomon.images import Picture, decode
from gnomon.presets import Coarse, Settings
from gnomon.web.bench import Bench, examples, tuned
from gnomon.web.controls import Choice, Drop, Slider, words
from gnomon.web.decoding import in_turn
from gnomon.web.pantry import GoneError, Pantry
from gnomon.web.side import Side

NONE = "none"
SLIDERS: tuple[tuple[str, str, tuple[float, float, float], str], ...] = (
    ("keep", "keep", (0.01, 1.0, 0.01), ""),
    ("coarse_weight", "weight of coarse", (0.0, 2.0, 0.05), ""),
    ("fine_weight", "weight of fine", (0.0, 2.0, 0.05), ""),
    ("structure_weight", "weight of structure", (0.0, 2.0, 0.05), ""),
    ("radius", "suppression radius", (0.0, 40.0, 0.5), " px"),
    ("coarse_smoothing", "smoothing of coarse", (0.0, 24.0, 0.5), " px"),
    ("fine_smoothing", "smoothing of fine", (0.0, 12.0, 0.25), " px"),
)
COARSE: list[tuple[str, str]] = [
    ("map", "every window"),
    ("keypoints", "each keypoint"),
    ("none", "nothing"),
]
LATER = tuple(name for name, *_ in SLIDERS)


class ExplorePage:
    """What one browser looks at."""

    def __init__(
        self, bench: Bench, pantry: Pantry, start: Callable[[], Picture] | None = None
    ) -> None:
        self.bench, self.pantry = bench, pantry
        self.settings = next(iter(bench.presets.values()))
        self.token = ""
        self.other: Side | None = None
        with ui.element("div").classes("explore"):
            with ui.element("aside").props('aria-label="Settings"'):
                with ui.element("div").classes("inputs"):
                    self._draw_inputs()
                with ui.element("div").classes("settings"):
                    self._draw_settings()
            with ui.element("div").classes("work"):
                self._said = words("p", "", "said").props("role=status")
                self.sides = ui.element("div").classes("sides")
                with self.sides:
                    self.one = self._side(bench.models[0])
                self._welcome = words("p", "Drop an image, or pick an example.", "welcome")

        if start is not None:
            ui.timer(0.01, lambda: self._example(start), once=True)

    def _side(self, model: str) -> Side:
        return Side(self.bench, self.pantry, model, self._pick, self._look)

    def _draw_inputs(self) -> None:
        Drop(self.take, self._refused)
        shown = examples()
        if shown:
            words("h2", "Examples", "small")
            with ui.element("div").classes("examples"):
                for number, path in enumerate(shown):
                    picture = ui.element("button").props("type=button")
                    picture.props["aria-label"] = path.stem.replace("_", " ")
                    picture.on("click", lambda path=path: self._example(partial(decode, path)))
                    with picture:
                        thumb = ui.element("img").props('alt="" loading=lazy')
                        thumb.props["src"] = f"/example/{number}"

    def _draw_settings(self) -> None:
        words("h2", "Settings", "small")
        names = [(name, name) for name in self.bench.presets]
        self.preset = Choice("preset", names, names[0][0], self._preset)
        self._elsewhere = words("p", "", "note").props("role=status")
        self.sliders = {
            name: Slider(label, span, getattr(self.settings, name), self._mover(name), unit)
            for name, label, span, unit in SLIDERS
        }
        self.coarse = Choice("what is hidden", *self._coarse_choices(), self._cover)
        models = [(NONE, "nothing"), *((name, name) for name in self.bench.models)]
        self.compare = Choice("compare with", models, NONE, self._compare)

    def _all(self) -> list[Side]:
        return [self.one, *([self.other] if self.other else [])]

    async def _example(self, read: Callable[[], Picture]) -> None:
        try:
            picture = await in_turn(_named, read)
        except GnomonError as error:
            self._refused(str(error))
        else:
            await self.take(self.pantry.put(picture))

    async def take(self, token: str) -> None:
        """Look at a picture that the pantry keeps."""
        if self.pantry.get(token) is None:
            self._refused(str(GoneError()))
            return
        self.token = token
        self._said.text = ""
        self._welcome.set_visibility(False)
        for side in self._all():
            side.forget_target()
        for side in self._all():
            await self._look(side)

    def _refused(self, why: str) -> None:
        self._said.text = why

    def _say_elsewhere(self) -> None:
        """Explain where a preset acts on another classifier than it is defined on."""
        name, home = self.preset.value, self.bench.homes.get(self.preset.value)
        others = [side.model.value for side in self._all() if side.model.value != home]
        self._elsewhere.text = ""
        if home is not None and others:
            self._elsewhere.text = (
                f"The preset “{name}” is defined on {home}."
                f" Here its settings act on {' and '.join(others)}."
            )
            if home not in self.bench.models:
                self._elsewhere.text += f" To have it here, start gnomon serve with --model {home}."

    async def _look(self, side: Side) -> None:
        self._say_elsewhere()
        if self.token:
            await side.look(self.token, self.settings)

    async def _pick(self, x: float, y: float) -> None:
        for side in self._all():
            await side.cover(x, y)

    def _mover(self, name: str) -> Any:
        def moved(value: float) -> None:
            self._retune(tuned(self.settings, {name: value}))

        return moved

    def _retune(self, settings: Settings) -> None:
        self.settings = settings
        try:
            for side in self._all():
                side.retune(settings)
        except GnomonError as error:
            self._refused(str(error))

    def _coarse_choices(self) -> tuple[list[tuple[str, str]], str]:
        """Offer what may be hidden with these settings, and say which is."""
        choices = COARSE if self.settings.points == "structure" else COARSE[:1]
        return choices, self.settings.coarse

    async def _cover(self, coarse: str) -> None:
        self.settings = replace(self.settings, coarse=cast(Coarse, coarse))
        for side in self._all():
            await self._look(side)

    async def _preset(self, name: str) -> None:
        chosen = self.bench.presets[name]
        home = self.bench.homes.get(name)
        moves = home in self.bench.models and home != self.one.model.value
        if home is not None and moves:
            self.one.model.set(home)
            self.one.forget_target()
        self._say_elsewhere()
        same_maps = (
            not moves
            and tuned(chosen, {n: getattr(self.settings, n) for n in LATER}) == self.settings
        )
        for slider, control in self.sliders.items():
            control.set(getattr(chosen, slider))
        same_maps = same_maps and chosen.coarse == self.settings.coarse
        self.settings = chosen
        choices, value = self._coarse_choices()
        self.coarse.offer([("", choices)], value)
        if same_maps:
            self._retune(chosen)
            return
        for side in self._all():
            await self._look(side)

    async def _compare(self, model: str) -> None:
        if self.other is not None:
            self.other.element.delete()
            self.other = None
            self._say_elsewhere()
        self.sides.classes(remove="two")
        if model == NONE:
            return
        with self.sides:
            self.other = self._side(model)
        self.sides.classes(add="two")
        await self._look(self.other)


def _named(read: Callable[[], Picture]) -> Picture:
    """Decode a picture; the page shows its name and not where it lies."""
    picture = read()
    return Picture(picture.rgb, PurePath(picture.name).name)

"""One classifier's view of the image: its points, its maps, and what a covered window did."""

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from time import perf_counter

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from gnomon.detector import Detector
from gnomon.errors import GnomonError
from gnomon.presets import Settings
from gnomon.report.entries import point_rows
from gnomon.report.pictures import color_stops, data_uri, photograph
from gnomon.types import HeatmapKind, Image
from gnomon.web.bench import Bench, CancelledError
from gnomon.web.controls import Choice, words
from gnomon.web.decoding import in_turn
from gnomon.web.exploration import Covered, Exploration
from gnomon.web.pantry import GoneError, Pantry
from gnomon.web.stage import OnPlace, Stage, overlay_of

PREDICTED = "predicted"
LIKELIEST = 10
HINT = "Click anywhere to cover the window there, and see how the probabilities move."
MAPS: tuple[tuple[HeatmapKind, str], ...] = (
    ("coarse", "coarse: what covering costs"),
    ("fine", "fine: guided backpropagation"),
    ("confidence", "confidence: both"),
)


class Side:
    """A column of the page.

    ``on_pick`` is told of a click on any of its pictures, ``on_again`` that it must look again.
    """

    def __init__(
        self,
        bench: Bench,
        pantry: Pantry,
        model: str,
        on_pick: OnPlace,
        on_again: Callable[["Side"], Awaitable[None]],
    ) -> None:
        self.bench, self.pantry = bench, pantry
        self.exploration: Exploration | None = None
        self._turn = 0
        self._done, self._of, self._begin = 0, 0, 0.0
        self._loading = False

        async def other_model(_: str) -> None:
            self.forget_target()
            await on_again(self)

        async def other_target(_: str) -> None:
            await on_again(self)

        with ui.element("section").classes("side") as self.element:
            with ui.element("div").classes("row"):
                names = [(name, name) for name in bench.models]
                self.model = Choice("classifier", names, model, other_model)
                predicted = [(PREDICTED, "the predicted one")]
                self.target = Choice("class", predicted, PREDICTED, other_target)
            self._headline = words("h2", "", "headline")
            self._note = words("p", "", "quiet")
            with ui.element("div").classes("progress") as self._progress:
                self._bar = ui.element("progress").props('max=1 value=0 aria-label="progress"')
                self._left = words("span", "")
            self._progress.set_visibility(False)
            self._shown = ui.element("div").classes("shown")
            with self._shown:
                with ui.element("div").classes("points"):
                    self.stage = Stage("Keypoints: arrow keys go through them")
                    self.stage.on_place("pick", on_pick)
                    words("p", HINT, "quiet")
                with ui.element("div").classes("maps"):
                    self.maps = {kind: self._map(kind, title, on_pick) for kind, title in MAPS}
                self._covered = ui.element("div").classes("covered").props("aria-live=polite")
            self._shown.set_visibility(False)
        ui.timer(0.15, self._tick)

    def _map(
        self, kind: HeatmapKind, title: str, on_pick: OnPlace
    ) -> tuple[Stage, TextElement, TextElement]:
        with ui.element("figure").classes(f"map {kind}"):
            stage = Stage(title)
            stage.on_place("pick", on_pick)
            with ui.element("div").classes("scale"):
                low = words("span")
                ui.element("i").style(f"background: linear-gradient(90deg, {color_stops()})")
                high = words("span")
            words("figcaption", title)
        return stage, low, high

    @property
    def label_index(self) -> int | None:
        """The class to look for; ``None`` for the predicted one."""
        return None if self.target.value == PREDICTED else int(self.target.value)

    def forget_target(self) -> None:
        """Look for the predicted class again: another classifier has other classes."""
        self.target.offer([("", [(PREDICTED, "the predicted one")])], PREDICTED)

    async def look(self, token: str, settings: Settings) -> bool:
        """Compute the maps of a picture and show them; tell whether it came to that."""
        self._turn += 1
        turn, model, label_index = self._turn, self.model.value, self.label_index

        def told(done: int, of: int) -> None:
            if turn != self._turn or self.element.is_deleted:
                raise CancelledError
            self._loading, self._done, self._of = False, done, of

        self._begin, self._done, self._of, self._loading = perf_counter(), 0, 0, True
        self._progress.set_visibility(True)
        self._covered.clear()
        self.stage.show(window=None)
        try:
            detector = await to_thread(self.bench.detector, model, settings)
            image = await in_turn(self._loaded, detector, token)
            found = await to_thread(self.bench.detect, detector, image, label_index, told)
            exploration = Exploration(detector, found)
            likely = await to_thread(exploration.likeliest, LIKELIEST)
        except CancelledError:
            return False
        except GnomonError as error:
            if turn == self._turn:
                self._progress.set_visibility(False)
                self._headline.text, self._note.text = "Not done", str(error)
            return False
        if turn != self._turn or self.element.is_deleted:
            return False
        self._progress.set_visibility(False)
        self.exploration = exploration
        self._offer_classes(likely)
        width, height = image.size
        boxes = {"width": width, "height": height}
        self.stage.show(source=f"/picture/{token}", **boxes)
        for kind, (stage, _, _) in self.maps.items():
            stage.show(**boxes, window=None, label=f"{kind} map of {image.source}")
            if kind != "confidence":
                self._show_map(kind)
        self._shown.set_visibility(True)
        self.show_points()
        return True

    def _loaded(self, detector: Detector, token: str) -> Image:
        """Bring a picture to the classifier's size, which is all that a page keeps of it."""
        picture = self.pantry.get(token)
        if picture is None:
            raise GoneError
        return detector.load(picture)

    def retune(self, settings: Settings) -> None:
        """Act on new settings at once, from the maps in memory."""
        if self.exploration is not None:
            self.exploration.retune(settings)
            self.show_points()

    def show_points(self) -> None:
        """Draw the keypoints and the map that they are the peaks of."""
        assert self.exploration is not None
        found = self.exploration.found
        self.stage.show(points=point_rows(found.keypoints.to_arrow()))
        self._show_map("confidence")
        if found.coarse is None:
            self._show_map("coarse")
        self._headline.text = f"{found.label}, {found.probability:.1%}"
        self._note.text = (
            f"{len(found.keypoints)} keypoints of {found.n_candidates} candidates ·"
            f" {found.work.windows} windows covered in {found.work.seconds:.1f} s"
        )

    def _show_map(self, kind: HeatmapKind) -> None:
        assert self.exploration is not None
        stage, low, high = self.maps[kind]
        found = self.exploration.found
        heatmap = self.exploration.coarse if kind == "coarse" else getattr(found, kind)
        overlay = overlay_of(heatmap, self.exploration.to_file)
        stage.show(overlay=overlay)
        low.text, high.text = overlay["low"], overlay["high"]

    def _offer_classes(self, likely: list[tuple[str, float, int]]) -> None:
        assert self.exploration is not None
        chosen = self.target.value
        first = [(str(index), f"{name} {share:.1%}") for name, share, index in likely]
        named = {key for key, _ in first}
        names = enumerate(self.exploration.detector.classifier.class_names)
        rest = sorted(
            ((str(index), name) for index, name in names if str(index) not in named),
            key=lambda pair: pair[1].lower(),
        )
        self.target.offer(
            [("", [(PREDICTED, "the predicted one")]), ("likeliest", first), ("others", rest)],
            chosen,
        )

    async def cover(self, x: float, y: float) -> None:
        """Cover the window at a place in the file, and show what it did."""
        if self.exploration is None:
            return
        covered = await to_thread(self.exploration.cover, x, y)
        (left, top), (right, bottom) = covered.corners
        window = [left, top, right - left, bottom - top]
        self.stage.show(window=window)
        for stage, _, _ in self.maps.values():
            stage.show(window=window)
        self._covered.clear()
        with self._covered:
            _draw_covered(covered)

    def _tick(self) -> None:
        """Describe how far the work is, and how long it will still take."""
        if self._loading:
            self._left.text = f"loading {self.model.value} …"
            return
        if not self._progress.visible or not self._of:
            return
        share = self._done / self._of
        self._bar.props(f"value={share:.3f}")
        if self._done == 0:
            self._left.text = "waiting for its turn …"
            return
        left = (perf_counter() - self._begin) * (1 - share) / share
        self._left.text = f"{self._done} of {self._of} windows, about {left:.0f} s left"


def _draw_covered(covered: Covered) -> None:
    words("h3", "With this window covered")
    with ui.element("div").classes("row top"):
        source = data_uri(photograph(covered.picture, 320))
        picture = ui.element("img").style(f"aspect-ratio: {covered.aspect:.4f}")
        picture.props.update(src=source, alt="The image with the window covered")
        with ui.element("table"):
            with ui.element("tr"):
                for title in ("class", "before", "after", "moved by"):
                    words("th", title).props("scope=col")
            for moved in covered.moved:
                with ui.element("tr"):
                    words("td", moved.label)
                    words("td", f"{moved.before:.1%}")
                    words("td", f"{moved.after:.1%}")
                    change = moved.after - moved.before
                    with ui.element("td"):
                        words(
                            "span", f"{100 * change:+.1f} points", "fall" if change < 0 else "rise"
                        )

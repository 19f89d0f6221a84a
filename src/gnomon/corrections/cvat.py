"""CVAT for images 1.1 as CVAT gives it back: points, and skeletons of points."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers.expat import ExpatError, ParserCreate

from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint, rank_in
from gnomon.errors import ExportError
from gnomon.export.cvat import RUN, TO_CANVAS
from gnomon.foreign import bounded, read_regular, whole_size
from gnomon.tables import ANY

DEEPEST = 32
"""Elements in elements; CVAT's own are 7 deep at most."""


TOP = frozenset({"version", "meta", "image", "track"})
SHAPES = frozenset(
    {"points", "skeleton", "box", "polygon", "polyline", "mask", "tag", "ellipse", "cuboid"}
)
"""What CVAT writes in its file, and in an image; of these, points and skeletons are read."""


def read_cvat(path: Path) -> list[CorrectedImage]:
    """Read ``annotations.xml``, or a folder that holds it, image by image.

    A point that is occluded is not visible, one that is outside is none. A document type, and with
    it every entity, is refused: CVAT writes none.
    """
    file = path / "annotations.xml" if path.is_dir() else path
    images = _Images()
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = images.start
    parser.EndElementHandler = images.end
    parser.CharacterDataHandler = images.text
    try:
        content = read_regular(file)
        if content.startswith(b"PK\x03\x04"):
            raise ValueError("it is a zip; unpack it and give the annotations.xml in it")
        parser.Parse(content, True)
    except (OSError, ExpatError, LookupError, ValueError) as error:
        raise ExportError(f"{file} is not in CVAT's format for images 1.1: {error}") from error
    return images.found


def _refuse(*_: object) -> None:
    raise ValueError("it has a document type, which may hold entities; CVAT writes none")


@dataclass(slots=True)
class _Shape:
    attributes: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Images:
    """Takes an image's points from the elements as they come; nothing else is kept."""

    found: list[CorrectedImage] = field(default_factory=list)
    _open: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _shapes: list[_Shape] = field(default_factory=list)
    _runs: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) == DEEPEST:
            raise ValueError(f"it has elements in elements, deeper than {DEEPEST}")
        self._open.append((tag, attributes))
        self._text.clear()
        self._see_known(tag)
        if tag == "track":
            raise ValueError("it has a video's tracks; export the task as CVAT for images 1.1")
        if tag == "image":
            self._shapes, self._runs = [], []
        elif tag == "points" and self._inside("image"):
            self._shapes.append(_Shape(attributes))

    def _see_known(self, tag: str) -> None:
        """Refuse elements that CVAT has not where images and their shapes stand."""
        outer = self._open[-2][0] if len(self._open) > 1 else ""
        known = {"annotations": TOP, "image": SHAPES}.get(outer)
        if known is not None and tag not in known:
            raise ValueError(f"it has an element {tag!r} in {outer!r}; CVAT has {sorted(known)}")

    def text(self, text: str) -> None:
        if self._open[-1][0] == "attribute":
            self._text.append(text)

    def end(self, tag: str) -> None:
        _, attributes = self._open.pop()
        if tag == "attribute" and self._inside("image"):
            name, said = _taken(attributes, "name"), "".join(self._text)
            if self._open[-1][0] == "points":
                self._shapes[-1].said[name] = said
            if name == RUN and said:
                self._runs.append(said)
        elif tag == "image":
            self.found.append(self._image(attributes))

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)

    def _image(self, attributes: dict[str, str]) -> CorrectedImage:
        width, height = (bounded(_taken(attributes, side)) for side in ("width", "height"))
        points = tuple(point for shape in self._shapes for point in _points(shape))
        run = self._runs[0] if self._runs else None
        return CorrectedImage(
            _taken(attributes, "name"), whole_size(width, height), points, run_id=run
        )


def _points(shape: _Shape) -> Iterator[CorrectedPoint]:
    if shape.attributes.get("outside") == "1":
        return
    label = _taken(shape.attributes, "label")
    numbered = rank_in(label)
    rank = rank_in(shape.said.get("rank", "")) or numbered
    for place in _taken(shape.attributes, "points").split(";"):
        x, y = map(bounded, place.split(","))
        yield CorrectedPoint(
            x - TO_CANVAS,
            y - TO_CANVAS,
            label if numbered is None else ANY,
            visible=shape.attributes.get("occluded") != "1",
            rank=rank,
        )


def _taken(attributes: dict[str, str], name: str) -> str:
    if name not in attributes:
        raise ValueError(f"an element has no {name!r}")
    return attributes[name]

"""CVAT for images 1.1 as CVAT gives it back: points, and skeletons of points."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint, rank_in
from gnomon.errors import ExportError
from gnomon.export.contents import ANY
from gnomon.export.cvat import TO_CANVAS


def read_cvat(path: Path) -> list[CorrectedImage]:
    """Read ``annotations.xml``, or a folder that holds it, image by image.

    A point that is occluded is not visible, one that is outside is none.
    """
    file = path / "annotations.xml" if path.is_dir() else path
    found = []
    try:
        for _, element in ElementTree.iterparse(file):
            if element.tag == "image":
                found.append(_image(element))
                element.clear()
    except (OSError, ElementTree.ParseError, KeyError, ValueError) as error:
        raise ExportError(f"{file} is not in CVAT's format for images 1.1: {error!r}") from error
    return found


def _image(element: ElementTree.Element) -> CorrectedImage:
    size = (int(element.attrib["width"]), int(element.attrib["height"]))
    points = [*element.iterfind("points"), *element.iterfind("skeleton/points")]
    return CorrectedImage(
        element.attrib["name"], size, tuple(one for each in points for one in _points(each))
    )


def _points(element: ElementTree.Element) -> Iterator[CorrectedPoint]:
    if element.attrib.get("outside") == "1":
        return
    label = element.attrib["label"]
    said = {one.attrib["name"]: one.text or "" for one in element.iterfind("attribute")}
    numbered = rank_in(label)
    rank = rank_in(said.get("rank", "")) or numbered
    for place in element.attrib["points"].split(";"):
        x, y = map(float, place.split(","))
        yield CorrectedPoint(
            x - TO_CANVAS,
            y - TO_CANVAS,
            label if numbered is None else ANY,
            visible=element.attrib.get("occluded") != "1",
            rank=rank,
        )

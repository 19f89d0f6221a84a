"""Car Parts: photographs of cars with 18 kinds of part outlines, in COCO's JSON.

Pasupa, Kittiworapanya, Hongngern, Woraratpanya: Evaluation of deep learning algorithms for semantic
segmentation of car parts, 2021 (doi 10.1007/s40747-021-00397-8).
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from gnomon.datasets.coco_json import CocoFile, CocoImage, CocoObject, read_coco_json
from gnomon.datasets.files import image_inside, require, require_images
from gnomon.datasets.orientation import to_displayed
from gnomon.datasets.polygon import PartPolygon
from gnomon.datasets.sample import Dataset, Sample, Samples, box_around, longer_side
from gnomon.errors import DatasetError
from gnomon.types import Landmarks

_FRONT = {"front_bumper", "front_glass", "hood"}
_REAR = {"back_bumper", "back_glass", "tailgate", "trunk"}
_SMALLEST = 4.0
"""px²; anything below is a slip of the annotating tool (four of the 3,288 outlines)."""


def read_car_parts(folder: Path) -> Dataset:
    """Read ``annotations.json`` and the photographs beside it.

    Each outline is a polygon and a landmark: its area's centroid, the part's category as id and
    name. A part in two pieces, as a car's two wheels, has two of each. The box encloses all
    outlines and its longer side is the scale. There are no class labels; the viewpoint is "front"
    or "rear" where one end alone is in view.
    """
    require(folder, "car_parts", "annotations.json", "JPEGImages")
    file = folder / "annotations.json"
    coco = read_coco_json(file)
    paths = [image_inside(folder / "JPEGImages", image.file_name, file) for image in coco.images]
    require_images("car_parts", paths)
    if not any(found.outlines for objects in coco.objects.values() for found in objects):
        raise DatasetError(f"{file} outlines no part of any car; give the file with segmentations")

    def make(index: int) -> Sample:
        image = coco.images[index]
        return _sample(paths[index], image, coco.objects[image.key], coco)

    return Samples(len(paths), make)


def ends_in_view(parts: Collection[str]) -> tuple[bool, bool]:
    """Derive from the names of the parts in view whether front and rear of the car are seen.

    The front shows by bumper, windscreen or hood; the rear by bumper, rear window, tailgate or
    trunk. Lights and doors do not tell: they are seen from the side too.

    >>> ends_in_view(["hood", "wheel", "front_left_light"])
    (True, False)
    """
    return not _FRONT.isdisjoint(parts), not _REAR.isdisjoint(parts)


def _viewpoint(parts: Collection[str]) -> str | None:
    ends = ends_in_view(parts)
    return {(True, False): "front", (False, True): "rear"}.get(ends)


def _sample(path: Path, image: CocoImage, objects: list[CocoObject], coco: CocoFile) -> Sample:
    turn = to_displayed(path, image.size)
    pieces = [
        (found.category, PartPolygon(coco.categories[found.category].name, turn.apply(outline)))
        for found in objects
        for outline in found.outlines
        if len(outline) >= 3
    ]
    pieces = [(category, piece) for category, piece in pieces if piece.area >= _SMALLEST]
    polygons = tuple(piece for _, piece in pieces)
    viewpoint = _viewpoint([coco.categories[found.category].name for found in objects])
    if not polygons:
        return Sample(path, viewpoint=viewpoint)
    boxes = box_around(np.concatenate([piece.xy for piece in polygons]))
    return Sample(
        path,
        viewpoint=viewpoint,
        landmarks=Landmarks(
            xy=np.array([piece.centroid for piece in polygons]),
            ids=np.array([category for category, _ in pieces]),
            names=tuple(piece.name for piece in polygons),
            visible=np.ones(len(polygons), dtype=np.bool_),
            scale=longer_side(boxes),
        ),
        boxes=boxes,
        polygons=polygons,
    )

"""FG3DCar: photographs of 30 car models with the visible vertices of a 256-vertex car mesh.

Lin, Morariu, Hsu, Davis: Jointly optimizing 3D model fitting and fine-grained classification, 2014.
Landmarks are vertices, counted from 1, in pixels of the image counted from 0.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnomon.datasets.files import (
    csv_rows,
    image_inside,
    number,
    read_mat,
    require,
    require_images,
    unique,
    whole,
)
from gnomon.datasets.left_out import unlisted, warn_left_out
from gnomon.datasets.sample import Dataset, Sample, Samples, box_around, longer_side
from gnomon.errors import DatasetError
from gnomon.types import Floats, Landmarks

VERTICES = 256
_ONE_SIDE = VERTICES // 2

_PARTS = {
    "Wheel": (*range(1, 4), *range(5, 14), 16, *range(93, 129)),
    "Rear light": (19, 20, 77, 81, 84, 92),
    "Rear window": (21, 22, 23, 24, 78, 79),
    "Side window": (25, 26, 27, 28, 72, 75, 76, 80),
    "Bonnet": (29, 52, 55, 56, 57, 58, 59, 60, 61),
    "Windscreen": (30, 39, 40, 41, 62),
    "Mirror": tuple(range(31, 39)),
    "Headlight": (46, 47, 53, 54),
    "Roof": (68, 69, 70, 71),
    "Boot": (82, 83, 85, 87),
}
"""Parts of the car's right side, the rest being "Body". The data set names none: the words are the
published table of salient landmarks', where that names the vertex or its twin, and else our reading
of the mesh."""


def part_of(vertex: int) -> str:
    """Name the part of a vertex 1 to 256; twins share it.

    >>> part_of(52), part_of(181)
    ('Bonnet', 'Headlight')
    """
    right = (vertex - 1) % _ONE_SIDE + 1
    return next((part for part, vertices in _PARTS.items() if right in vertices), "Body")


def twin(vertex: int) -> int:
    """Name the same vertex of the car's other side, counted from 1.

    >>> twin(1), twin(256)
    (129, 128)
    """
    return (vertex - 1 + _ONE_SIDE) % VERTICES + 1


@dataclass(frozen=True, slots=True, eq=False)
class CarMeshes:
    """The car meshes: ``vertices`` (K,256,3) metres, x left, y up, z front; ``edges`` (E,2).

    Edges hold rows of ``vertices``, counted from 0. The meshes are the same car pulled to shape:
    vertex i is the same place on each.
    """

    vertices: Floats
    edges: NDArray[np.int64]


def read_car_meshes(folder: Path) -> CarMeshes:
    """Read ``cadmodels.mat``: ``cadmodels`` (3K,256), x, y, z in turn, and ``edge`` (E,2)."""
    path = folder / "cadmodels.mat"
    require(folder, "fg3dcar", path.name)
    coordinates, edges = read_mat(path, "cadmodels", "edge")
    if coordinates.shape[0] % 3 or coordinates.shape[1:] != (VERTICES,) or edges.shape[1:] != (2,):
        raise DatasetError(
            f"{path}: expected cadmodels of 3Kx{VERTICES} and edge of Ex2, "
            f"found {coordinates.shape} and {edges.shape}"
        )
    if not ((edges >= 1) & (edges <= VERTICES)).all():
        raise DatasetError(f"{path}: edges join the vertices 1 to {VERTICES}, and not all do")
    vertices = coordinates.reshape(-1, 3, VERTICES).transpose(0, 2, 1)
    return CarMeshes(vertices, edges.astype(np.int64) - 1)


def read_fg3dcar(folder: Path) -> Dataset:
    """Read ``images`` and ``landmarks.csv`` (image, vertex, x, y), meshes aside.

    Labels are the car models out of the file names ``Make_Model_Year_NN``. Ids are vertices, names
    their parts. The box encloses the landmarks and its longer side is the scale.
    """
    require(folder, "fg3dcar", "images", "landmarks.csv", "cadmodels.mat")
    table = _landmarks(folder / "landmarks.csv")
    images = {
        image_inside(folder / "images", name, folder / "landmarks.csv"): places
        for name, places in table.items()
    }
    require_images("fg3dcar", images)
    left = unlisted(folder / "images", images)
    warn_left_out(f"images without a landmark in {folder / 'landmarks.csv'}, left out", left)
    samples = [_sample(image, places) for image, places in images.items()]
    return Samples(len(samples), samples.__getitem__)


def _landmarks(path: Path) -> dict[str, list[tuple[int, float, float]]]:
    table: dict[str, list[tuple[int, float, float]]] = {}
    header, *found = csv_rows(path) or [[]]
    if len(header) != 4 or header[0] != "image":
        raise DatasetError(f"{path}: expected the columns image, vertex, x, y, found {header}")
    for row in found:
        if len(row) != 4:
            raise DatasetError(f"{path}: expected image, vertex, x, y, found {row}")
        vertex = whole(row[1], path)
        if not 1 <= vertex <= VERTICES:
            raise DatasetError(f"{path}: vertices are 1 to {VERTICES}, found {vertex}")
        place = (vertex, number(row[2], path), number(row[3], path))
        table.setdefault(row[0], []).append(place)
    for name, places in table.items():
        unique((vertex for vertex, _, _ in places), f"of {name} the vertex", path)
    return table


def _sample(image: Path, places: list[tuple[int, float, float]]) -> Sample:
    vertices = [vertex for vertex, _, _ in places]
    xy = np.array([place[1:] for place in places])
    boxes = box_around(xy)
    return Sample(
        image,
        label=image.stem.rsplit("_", 2)[0].replace("_", " "),
        landmarks=Landmarks(
            xy=xy,
            ids=np.array(vertices),
            names=tuple(part_of(vertex) for vertex in vertices),
            visible=np.ones(len(places), dtype=np.bool_),
            scale=longer_side(boxes),
        ),
        boxes=boxes,
    )

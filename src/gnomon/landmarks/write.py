"""What `gnomon salient` leaves in a run: tables, figures, and a picture of each class."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from gnomon.datasets.fg3dcar import CarMeshes
from gnomon.errors import DatasetError, ImageError
from gnomon.figures import png
from gnomon.images import decode
from gnomon.images.picture import Rgb
from gnomon.landmarks.bars import draw_histograms
from gnomon.landmarks.histogram import Histogram
from gnomon.landmarks.matched import Matched
from gnomon.landmarks.mesh import Projection, project_mesh
from gnomon.landmarks.objects import draw_object
from gnomon.landmarks.salient import Salient
from gnomon.landmarks.table import draw_table
from gnomon.runs.files import write_csv, write_whole
from gnomon.runs.photographs import Photographs


def write_salient(
    found: Salient,
    folder: Path,
    meshes: CarMeshes | None = None,
    drawn: Callable[[], None] = lambda: None,
    photographs: Photographs | None = None,
) -> None:
    """Write histogram.csv, salient.csv, left_out.csv, both figures as PNG and SVG, and objects/.

    ``objects/`` holds a picture of each class, and first of all classes; with ``meshes``, whose
    vertices the landmark ids number from 1, the mesh is drawn beside. ``drawn`` is called after
    each picture; one whose photograph is not here is left out.
    """
    photographs = photographs or Photographs()
    objects = folder / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    write_csv(
        folder / "histogram.csv",
        ("class", "landmark", "part", "keypoints", "images", "visible"),
        (
            (one.label, bin_.landmark.id, bin_.landmark.part, bin_.hits, bin_.images, bin_.visible)
            for one in found.classes
            for bin_ in one.bins
        ),
    )
    write_csv(
        folder / "salient.csv",
        ("class", "landmark", "part", "keypoints", "images", "visible", "images_of_class"),
        (
            (one.label, bin_.landmark.id, bin_.landmark.part, bin_.hits, bin_.images, bin_.visible,
             one.n_images)
            for one in (*found.classes, found.overall)
            for bin_ in one.top
        ),
    )  # fmt: skip
    left_out = [(path, "not in the data set") for path in found.unknown]
    left_out += [(path, "no visible landmark or part") for path in found.bare]
    write_csv(folder / "left_out.csv", ("path", "reason"), left_out)
    for name, figure in (("histogram", draw_histograms(found)), ("table", draw_table(found))):
        write_whole(folder / f"{name}.png", png(figure))
        write_whole(folder / f"{name}.svg", _svg(figure))
    for old in objects.glob("*.png"):
        old.unlink()
    for number, histogram in enumerate((found.overall, *found.classes)):
        example = found.example(histogram)
        if (picture := _picture(example, photographs)) is not None:
            figure = _object(example, histogram, meshes, picture)
            name = re.sub(r"[^\w.-]+", "_", histogram.label)[:60]
            write_whole(objects / f"{number:03}_{name}.png", png(figure))
        drawn()


def _picture(example: Matched, photographs: Photographs) -> Rgb | None:
    """Decode the example of the data set; ``None`` where a run's example is not here."""
    if example.recorded is None:
        return decode(example.image).rgb
    try:
        return photographs.picture(*example.recorded).rgb
    except ImageError:
        return None


def _object(
    example: Matched, histogram: Histogram, meshes: CarMeshes | None, picture: Rgb
) -> Figure:
    projection: Projection | None = None
    if meshes is not None:
        try:
            projection = project_mesh(meshes, example.landmarks)
        except DatasetError:  # too few landmarks in view for a camera: the photograph alone
            projection = None
    return draw_object(histogram, example, picture, projection)


def _svg(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()

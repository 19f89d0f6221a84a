"""What `gnomon salient` leaves in a run: tables, figures, and a picture of each class."""

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from gnomon.datasets.fg3dcar import CarMeshes
from gnomon.disk import Batch
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
from gnomon.runs.files import csv_bytes
from gnomon.runs.own_pictures import earlier_pngs, named_png
from gnomon.runs.photographs import Photographs
from gnomon.runs.store import LocalStore

FOLDER = "salient"


def write_salient(
    found: Salient,
    run: Path,
    meshes: CarMeshes | None = None,
    drawn: Callable[[], None] = lambda: None,
    photographs: Photographs | None = None,
) -> Path:
    """Write salient/ into a run's folder, and give its path.

    It holds histogram.csv, salient.csv, left_out.csv, both figures as PNG and SVG, and objects/.

    ``objects/`` holds a picture of each class, and first of all classes; with ``meshes``, whose
    vertices the landmark ids number from 1, the mesh is drawn beside. ``drawn`` is called after
    each picture; one whose photograph is not here is left out.
    """
    photographs = photographs or Photographs()
    store, objects = LocalStore(run), f"{FOLDER}/objects"
    with store.together() as files:
        _write_tables(files, found)
        for name, figure in (("histogram", draw_histograms(found)), ("table", draw_table(found))):
            files.write(f"{FOLDER}/{name}.png", png(figure))
            files.write(f"{FOLDER}/{name}.svg", _svg(figure))
        names = []
        for number, histogram in enumerate((found.overall, *found.classes)):
            example = found.example(histogram)
            if (picture := _picture(example, photographs)) is not None:
                figure = _object(example, histogram, meshes, picture)
                label = re.sub(r"[^\w.-]+", "_", histogram.label)[:60]
                names.append(f"{number:03}_{label}.png")
                files.write(f"{objects}/{names[-1]}", named_png(figure, names[-1]))
            drawn()
        for old in earlier_pngs(store, objects, names):
            files.remove(old)
    return run / FOLDER


def _write_tables(files: Batch, found: Salient) -> None:
    _write_csv(
        files,
        "histogram.csv",
        ("class", "landmark", "part", "keypoints", "images", "visible"),
        (
            (one.label, bin_.landmark.id, bin_.landmark.part, bin_.hits, bin_.images, bin_.visible)
            for one in found.classes
            for bin_ in one.bins
        ),
    )
    _write_csv(
        files,
        "salient.csv",
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
    _write_csv(files, "left_out.csv", ("path", "reason"), left_out)


def _write_csv(
    files: Batch, name: str, header: Iterable[object], rows: Iterable[Iterable[object]]
) -> None:
    files.write(f"{FOLDER}/{name}", csv_bytes(header, rows))


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

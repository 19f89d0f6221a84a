"""The figures of a run for papers: PNG, or SVG and PDF whose points and letters stay drawings."""

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import pyarrow as pa

from gnomon import figures
from gnomon.detection import NAME_LETTERS
from gnomon.detector import Detector
from gnomon.geometry import Affine
from gnomon.path_text import last_step
from gnomon.report.evidence import Maps, picture_of
from gnomon.runs import Run
from gnomon.runs.by_image import covariances, places, points_by_image
from gnomon.runs.figure_file import figure_file
from gnomon.runs.photographs import Photographs
from gnomon.runs.store import LocalStore
from gnomon.types import Landmarks

FigureFormat = Literal["png", "svg", "pdf"]


def write_figures(
    run: Run,
    kind: FigureFormat,
    landmarks: Mapping[str, Landmarks] | None = None,
    detector: Detector | None = None,
    image_done: Callable[[], None] = lambda: None,
    photographs: Photographs | None = None,
) -> list[Path]:
    """Draw each image's columns into figures/; return the files.

    Where the run kept no maps and no ``detector`` computes them, their columns are left out; an
    image that is not here has no figure.
    """
    photographs = photographs or Photographs()
    store = LocalStore(run.folder)
    points = points_by_image(run.keypoints)
    written = []
    for row in run.images.to_pylist():
        known = (landmarks or {}).get(row["path"])
        mine = points[row["image_id"]]
        drawn = _figure(run, row, mine, known, detector, photographs, kind)
        if drawn is not None:
            name = figure_file(row["path"], row["image_id"], kind)
            store.write(name, drawn)
            written.append(run.folder / name)
        image_done()
    return written


def _figure(
    run: Run,
    row: dict[str, Any],
    keypoints: pa.Table,
    landmarks: Landmarks | None,
    detector: Detector | None,
    photographs: Photographs,
    kind: FigureFormat,
) -> bytes | None:
    rgb = picture_of(row, photographs)
    if rgb is None:
        return None
    maps = Maps.of(run, row, detector, photographs)
    size = (row["width"], row["height"])
    xy = places(keypoints)
    marked = None if landmarks is None else landmarks.xy[landmarks.visible]
    kinds = keypoints["kind"].to_numpy(zero_copy_only=False).astype(np.str_)
    hidden = run.info.settings.hides_points
    proved = keypoints["proved"].to_numpy(zero_copy_only=False) if hidden else None
    if maps is not None:
        panels = figures.method_panels(
            picture=rgb,
            picture_to_file=Affine.identity(),
            maps=maps.titled(keypoints, run.info.settings.patch),
            map_to_file=maps.to_file,
            keypoints=xy,
            covariance=covariances(keypoints),
            kind=kinds,
            proved=proved,
            landmarks=marked,
        )
    else:
        panels = [
            figures.Panel("image", rgb, Affine.identity()),
            figures.Panel(
                "keypoints",
                rgb,
                Affine.identity(),
                xy,
                covariances(keypoints),
                kind=kinds,
                proved=proved,
            ),
        ]
        if marked is not None:
            panels.append(figures.Panel("annotations", rgb, Affine.identity(), landmarks=marked))
    sure = f"{row['probability']:.0%}{' (unsure)' if run.info.unsure(row['probability']) else ''}"
    name = figures.drawable(last_step(row["path"]), NAME_LETTERS)
    title = f"{name}: {figures.drawable(row['label'])} {sure} · {len(keypoints)} keypoints"
    return _rendered(panels, size, title, kind)


def _rendered(
    panels: list[figures.Panel], size: tuple[int, int], title: str, kind: FigureFormat
) -> bytes:
    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    buffer = BytesIO()
    letters = matplotlib.rc_context(
        {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "gnomon"}
    )
    with letters:
        figures.draw(panels, size, title).savefig(buffer, format=kind, metadata=date)
    return buffer.getvalue()

"""The formats by name, and the one function that writes any of them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gnomon.errors import ExportError, RunError
from gnomon.export.coco import write_coco, write_coco_results
from gnomon.export.colmap import write_colmap
from gnomon.export.contents import Choice, Contents
from gnomon.export.cvat import write_cvat
from gnomon.export.cvat_skeleton import write_cvat_skeleton
from gnomon.export.deeplabcut import write_deeplabcut
from gnomon.export.features import write_features
from gnomon.export.fiftyone import write_fiftyone
from gnomon.export.hf import write_hf
from gnomon.export.json_records import write_json
from gnomon.export.label_studio import write_label_studio
from gnomon.export.staging import staged
from gnomon.export.tables import write_csv, write_parquet
from gnomon.export.yolo import write_yolo
from gnomon.plugs import plugged
from gnomon.runs.discovered import part_names
from gnomon.runs.info import RunInfo
from gnomon.runs.photographs import Absence, Photographs
from gnomon.runs.review import Review, read_review

Exporter = Callable[[Contents, Path], None]
"""Writes what is exported to a file or folder that is not there yet."""

EXPORTERS: dict[str, Exporter] = {
    "coco": write_coco,
    "coco-results": write_coco_results,
    "cvat": write_cvat,
    "cvat-skeleton": write_cvat_skeleton,
    "label-studio": write_label_studio,
    "fiftyone": write_fiftyone,
    "yolo": write_yolo,
    "deeplabcut": write_deeplabcut,
    "hf": write_hf,
    "csv": write_csv,
    "parquet": write_parquet,
    "json": write_json,
    "h5": write_features,
    "colmap": write_colmap,
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written to ``path``: images, points, and points that the format has no place for.

    ``absent`` images were left out with their points, as their photographs are not here.
    """

    path: Path
    n_images: int
    n_points: int
    n_left_out: int
    absent: Mapping[str, Absence]


ENDINGS = {"coco": ".json", "coco-results": ".json", "json": ".json", "h5": ".h5", "colmap": ".db"}
"""Formats that are a single file, and how its name ends unless the user says otherwise."""

FILES = frozenset({".csv", ".db", ".h5", ".json", ".parquet", ".txt", ".xml", ".yaml", ".zip"})
"""Endings that no folder of an export has."""

FIXED = frozenset({"coco", "coco-results", "cvat-skeleton", "deeplabcut", "fiftyone", "yolo"})
"""Formats in which an object has a fixed, ordered set of points."""


def export_run(
    run: str | Path,
    format: str,
    out: str | Path,
    *,
    min_score: float | None = None,
    top: int | None = None,
    proved: bool = False,
    review: str | Path | Review | None = None,
    photographs: Photographs | None = None,
    limit: int | None = None,
) -> Exported:
    """Write a run's keypoints in another tool's format.

    ``format`` is one of ``EXPORTERS`` or "package.module:name". Where it is a single file and
    ``out`` has no ending, it gets one; see the result's ``path``. Points below ``min_score`` and
    after the best ``top`` of an image are left out, where ``proved`` those too that hiding was not
    seen to cost the class anything; with a ``review`` (the file, or the run's folder), all that a
    person did not accept, move or add. ``photographs`` finds the images, where a format holds them;
    only the first ``limit`` of the run are taken, if it is given.
    ``SettingError`` for an unknown format or a library that is missing, ``RunError`` where there is
    no run, or none of its points was ever hidden, ``ExportError`` where ``out`` cannot be written.
    """
    write = plugged("export format", format, EXPORTERS)
    contents = open_contents(
        run,
        min_score=min_score,
        top=top,
        proved=proved,
        review=review,
        photographs=photographs,
        limit=limit,
    )
    out = _named(Path(out), format)
    with staged(out) as aside:
        write(contents, aside)
    gone = sum(one.n_points for one in contents.absent)
    left_out = contents.unplaced - sum(one.n_unplaced for one in contents.absent)
    if format not in FIXED:
        left_out = 0
    return Exported(
        out,
        contents.n_images - len(contents.absent),
        contents.n_points - gone - left_out,
        left_out,
        {one.path: one.why for one in contents.absent},
    )


def _named(out: Path, format_: str) -> Path:
    """Add an ending to a file's name without one; what is there already keeps its name.

    ``ExportError`` for a folder that is called like a file.
    """
    if format_ in EXPORTERS and format_ not in ENDINGS and out.suffix in FILES:
        raise ExportError(
            f"{format_} is written as a folder, and {out.name!r} is the name of a file; leave the"
            f" ending out: {str(out.with_suffix(''))!r}"
        )
    if out.suffix or os.path.lexists(out):
        return out
    return out.with_name(f"{out.name}{ENDINGS.get(format_, '')}")


def open_contents(
    run: str | Path,
    *,
    min_score: float | None = None,
    top: int | None = None,
    proved: bool = False,
    review: str | Path | Review | None = None,
    photographs: Photographs | None = None,
    limit: int | None = None,
) -> Contents:
    """Choose points of a run, as ``export_run`` does."""
    info = RunInfo.read(run)
    if proved and not info.settings.hides_points:
        raise RunError(
            f"{run}: its keypoints were not hidden one by one, so none is proved; detect with the"
            " default preset, or export without --proved"
        )
    said = review if review is None or isinstance(review, Review) else read_review(review)
    names = part_names(run) or info.part_names
    return Contents.of(Choice(run, min_score, top, proved, said, names, limit), info, photographs)

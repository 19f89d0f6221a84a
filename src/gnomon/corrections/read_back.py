"""From a tool's file to landmarks on the run's images, and what was changed on the way."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gnomon.corrections.changes import REACH, Changes, compare
from gnomon.corrections.coco import read_coco
from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint
from gnomon.corrections.cvat import read_cvat
from gnomon.corrections.index import ImageIndex
from gnomon.corrections.label_studio import read_label_studio
from gnomon.datasets.orientation import to_displayed
from gnomon.datasets.sample import Change
from gnomon.errors import ExportError
from gnomon.export import Contents
from gnomon.plugs import plugged
from gnomon.runs.identity import run_id
from gnomon.runs.photographs import AbsentError, Photographs
from gnomon.runs.records import Photograph

MANY = 10
"""Points that a person would not all move without leaving a single one."""
MOST_POINTS = 10_000
"""Of one image; what is compared grows with their number times the run's."""

ToolReader = Callable[[Path], list[CorrectedImage]]

TOOLS: dict[str, ToolReader] = {
    "coco": read_coco,
    "cvat": read_cvat,
    "label-studio": read_label_studio,
}


@dataclass(frozen=True, slots=True)
class Corrected:
    """An image of the run, its points as a person left them in file pixels, and the changes.

    ``each`` is what was done to each point, ``annotator`` who did it, where the tool names one, and
    ``n_annotators`` how many were chosen from.
    """

    image: Photograph
    points: tuple[CorrectedPoint, ...]
    each: tuple[Change, ...]
    changes: Changes
    annotator: str | None = None
    n_annotators: int = 1


@dataclass(frozen=True, slots=True)
class Corrections:
    """What came back: images in the run's order, and names of the file that the run has not.

    ``of_this_run`` is false where the file names no run: it is taken for one of this run's.
    """

    images: tuple[Corrected, ...]
    unknown: tuple[str, ...]
    of_this_run: bool = True

    @property
    def changes(self) -> Changes:
        """Sum the changes up over all images."""
        return sum((one.changes for one in self.images), Changes())

    @property
    def annotators(self) -> dict[str, int]:
        """Count the images taken from each annotator, most first; none where none is named."""
        counted = Counter(one.annotator for one in self.images if one.annotator is not None)
        return dict(counted.most_common())

    @property
    def n_chosen(self) -> int:
        """Count the images for which one of several annotators was chosen."""
        return sum(one.n_annotators > 1 for one in self.images)


def read_corrections(contents: Contents, format_: str, path: Path) -> Corrections:
    """Read a tool's file back and compare it to what was exported.

    An image is found by the run's id where the tool kept it, else by its name in the export, else
    by its file name, there or in the run, where no other image has it. One whose points lie on its
    stored pixels is left out where its photograph is not here. Images that another run was exported
    with are unknown. ``ExportError`` where the file is not in its format or has an image twice,
    none of its images is in the run, or all are another run's; ``SettingError`` for an unknown
    format.
    """
    images = plugged("import format", format_, TOOLS)(path)
    mine = run_id(contents.info)
    for one in images:
        if len(one.points) > MOST_POINTS:
            raise ExportError(
                f"{path}: {one.name} has {len(one.points):,} points; at most {MOST_POINTS:,} of an"
                " image are read"
            )
    index = ImageIndex([one for one in images if one.run_id in (None, mine)], contents, path)
    others = [one for one in images if one.run_id not in (None, mine)]
    if others and not index.rest:
        raise ExportError(
            f"{path} was exported from another run, {others[0].run_id}, not from"
            f" {contents.choice.run}, which is {mine}; give the run that was exported"
        )
    keeps_ranks = any(point.rank is not None for one in images for point in one.points)
    found = []
    absent: AbsentError | None = None
    for record in contents:
        if (theirs := index.take(record.image, contents.name(record.image))) is None:
            continue
        try:
            points = _displayed(theirs, record.image, contents.photographs)
        except AbsentError as error:
            absent = error
            continue
        reach = None if keeps_ranks else REACH * max(record.image.width, record.image.height)
        ranks = record.column("rank").tolist()
        each = compare(record.xy, ranks, contents.point_names(record), points, reach)
        changes = Changes.of(each, len(record.xy))
        found.append(
            Corrected(record.image, points, each, changes, theirs.annotator, theirs.n_annotators)
        )
    if not found and absent is not None:
        raise ExportError(
            f"the points of {path} lie on its photographs' stored pixels, and none of these is"
            f" here: {absent}; give the folder they are in with --images"
        )
    if not found:
        some = f"such as {images[0].name!r}" if images else "none at all"
        raise ExportError(
            f"none of the {len(images)} images of {path}, {some}, is among the"
            f" {contents.n_images} of {contents.choice.run}; give the run that was exported"
        )
    known = any(one.run_id is not None for one in images)
    corrections = Corrections(
        tuple(found), tuple(one.name for one in (*index.rest, *others)), known
    )
    if not known and keeps_ranks and _nothing_in_place(corrections.changes):
        raise ExportError(
            f"{path} names no run, and none of its {corrections.changes.moved} points is where"
            f" {contents.choice.run} has it, so it is another run's; give the run that was exported"
        )
    return corrections


def _nothing_in_place(changes: Changes) -> bool:
    """Return whether so many points were moved and none was kept that no person did that."""
    return changes.kept == 0 and changes.moved >= MANY


def _displayed(
    mine: CorrectedImage, image: Photograph, photographs: Photographs
) -> tuple[CorrectedPoint, ...]:
    """Take the points to the image as a viewer shows it, where the tool did not turn it.

    ``AbsentError`` where only the photograph could tell, and is not here.
    """
    if not mine.points or mine.size == (image.width, image.height):
        return mine.points
    content = photographs.find(image.path, image.content_hash).content
    turn = to_displayed(Path(image.path), mine.size, content)
    turned = turn.apply(np.array([(point.x, point.y) for point in mine.points])).tolist()
    return tuple(replace(one, x=x, y=y) for one, (x, y) in zip(mine.points, turned, strict=True))

"""Label Studio's JSON as it gives it back: tasks with annotations."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint, rank_in
from gnomon.errors import ExportError
from gnomon.foreign import Key, Number, Side, read_regular, read_whole_json, whole_size
from gnomon.path_text import path_text
from gnomon.strict_json import typed
from gnomon.tables import ANY

KIND = "keypointlabels"


@dataclass(frozen=True, slots=True)
class _Data:
    image: str
    name: str | None = None
    gnomon_id: str | None = None
    gnomon_run: str | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    id: Key | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class _Annotation:
    result: list[dict[str, Any]]
    was_cancelled: bool | None = None
    ground_truth: bool | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    completed_by: _Person | Key | None = None

    @property
    def annotator(self) -> str | None:
        """Who did it: an address, else the number of the account, where the export names one."""
        by = self.completed_by
        if isinstance(by, _Person):
            by = by.email or by.id
        return None if by is None else str(by)

    @property
    def changed(self) -> datetime:
        """When it was changed last; long ago where that is not said. Without a zone it is UTC."""
        said = self.updated_at or self.created_at or datetime.min
        return said if said.tzinfo else said.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Task:
    data: _Data
    annotations: list[_Annotation]


@dataclass(frozen=True, slots=True)
class _Place:
    x: Number
    y: Number
    keypointlabels: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Region:
    """A point; one that was set without a label is a point without a name."""

    id: Key
    original_width: Side
    original_height: Side
    value: _Place
    image_rotation: Number | None = None

    @property
    def size(self) -> tuple[int, int]:
        return whole_size(self.original_width, self.original_height)

    def point(self) -> CorrectedPoint:
        width, height = self.size
        return CorrectedPoint(
            self.value.x / 100 * width - 0.5,
            self.value.y / 100 * height - 0.5,
            (self.value.keypointlabels or [""])[0] or ANY,
            rank=rank_in(str(self.id)),
        )


def read_label_studio(path: Path) -> list[CorrectedImage]:
    """Read the tasks that were submitted, of each one annotation that was not cancelled.

    Of several it is the one marked as ground truth, else the one that was changed last; the image
    says whose it is.
    """
    found = []
    try:
        for task in read_whole_json(read_regular(path), list[_Task]):
            done = [one for one in task.annotations if not one.was_cancelled]
            if done:
                best = _best(done)
                image = _image(task.data, best.result)
                found.append(replace(image, annotator=best.annotator, n_annotators=len(done)))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"{path} is not Label Studio's JSON (export as JSON, not as JSON-MIN): {error}"
        ) from error
    return found


def _best(done: list[_Annotation]) -> _Annotation:
    """Choose among annotators; of those that were changed at one time the last counts."""
    marked = [one for one in done if one.ground_truth] or done
    return max(enumerate(marked), key=lambda one: (one[1].changed, one[0]))[1]


def file_name(image: str) -> str:
    r"""Return the name of the file that a task's image leads to.

    >>> file_name("/data/local-files/?d=birds/a%20b.jpg"), file_name("s3://bucket/x/100%25.jpg")
    ('a b.jpg', '100%.jpg')
    >>> file_name("/data/upload/3/0a1b2c3d-gull.jpg"), file_name("birds/100%25 gull.jpg")
    ('gull.jpg', '100%25 gull.jpg')
    >>> print(file_name("/data/local-files/?d=birds/caf%E9.jpg"))
    caf\xe9.jpg
    """
    if "://" not in image and not image.startswith("/data/"):
        return image.rpartition("/")[2]
    url = urlsplit(image)
    local = parse_qs(url.query, errors="surrogateescape").get("d")
    path = local[0] if local else unquote(url.path, errors="surrogateescape")
    name = path_text(path.rpartition("/")[2])
    return re.sub("^[0-9a-f]{8}-", "", name) if url.path.startswith("/data/upload/") else name


def _image(data: _Data, result: list[dict[str, Any]]) -> CorrectedImage:
    """Take an image's points; a result holds regions of other kinds too."""
    if untyped := [one for one in result if not isinstance(one.get("type"), str)]:
        raise ValueError(f"a region has the type {untyped[0].get('type')!r}, which is no text")
    regions = [typed(one, _Region) for one in result if one["type"] == KIND]
    name = data.name or file_name(data.image)
    if any(one.image_rotation for one in regions):
        raise ExportError(f"{name} was turned in Label Studio; turn it back and submit it again")
    sizes = {one.size for one in regions}
    return CorrectedImage(
        name,
        sizes.pop() if sizes else (0, 0),
        tuple(one.point() for one in regions),
        data.gnomon_id,
        data.gnomon_run,
    )

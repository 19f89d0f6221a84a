"""Label Studio's JSON as it gives it back: tasks with annotations."""

import re
from dataclasses import dataclass
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
class _Annotation:
    result: list[dict[str, Any]]
    was_cancelled: bool | None = None
    ground_truth: bool | None = None
    updated_at: str | None = None


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

    Of several it is the one marked as ground truth, else the one that was changed last.
    """
    found = []
    try:
        for task in read_whole_json(read_regular(path), list[_Task]):
            done = [one for one in task.annotations if not one.was_cancelled]
            if done:
                found.append(_image(task.data, _best(done).result))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"{path} is not Label Studio's JSON (export as JSON, not as JSON-MIN): {error}"
        ) from error
    return found


def _best(done: list[_Annotation]) -> _Annotation:
    """Choose among annotators; dates of Label Studio are all in UTC and sort as text."""
    last = max(range(len(done)), key=lambda n: (done[n].updated_at or "", n))
    marked = [one for one in done if one.ground_truth]
    return max(marked, key=lambda one: one.updated_at or "") if marked else done[last]


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
    regions = [typed(one, _Region) for one in result if one.get("type") == KIND]
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

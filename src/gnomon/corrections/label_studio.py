"""Label Studio's JSON as it gives it back: tasks with annotations."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint, rank_in
from gnomon.errors import ExportError
from gnomon.export.contents import ANY
from gnomon.foreign import Key, Number, Side, read_regular, read_whole_json, whole_size
from gnomon.strict_json import typed

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
    """Read the tasks that were submitted, of each the last annotation that was not cancelled."""
    found = []
    try:
        for task in read_whole_json(read_regular(path), list[_Task]):
            done = [one for one in task.annotations if not one.was_cancelled]
            if done:
                found.append(_image(task.data, done[-1].result))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"{path} is not Label Studio's JSON (export as JSON, not as JSON-MIN): {error}"
        ) from error
    return found


def _image(data: _Data, result: list[dict[str, Any]]) -> CorrectedImage:
    """Take an image's points; a result holds regions of other kinds too."""
    regions = [typed(one, _Region) for one in result if one.get("type") == KIND]
    name = data.name or data.image.rpartition("/")[2]
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

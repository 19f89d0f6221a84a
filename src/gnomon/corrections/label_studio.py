"""Label Studio's JSON as it gives it back: tasks with annotations."""

from pathlib import Path

from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint, rank_in
from gnomon.datasets.files import read_json
from gnomon.errors import ExportError
from gnomon.foreign import Value


def read_label_studio(path: Path) -> list[CorrectedImage]:
    """Read the tasks that were submitted, of each the last annotation that was not cancelled."""
    found = []
    try:
        for task in read_json(path).each():
            done = [one for one in task["annotations"].each() if not _is_set(one, "was_cancelled")]
            if done:
                found.append(_image(task["data"], list(done[-1]["result"].each())))
    except ValueError as error:
        raise ExportError(
            f"{path} is not Label Studio's JSON (export as JSON, not as JSON-MIN): {error}"
        ) from error
    return found


def _is_set(one: Value, name: str) -> bool:
    given = one.get(name)
    return given is not None and bool(given.value)


def _image(data: Value, result: list[Value]) -> CorrectedImage:
    regions = [one for one in result if one["type"].text() == "keypointlabels"]
    named = data.get("name")
    name = data["image"].text().rpartition("/")[2] if named is None else named.text()
    if any(_is_set(one, "image_rotation") for one in regions):
        raise ExportError(f"{name} was turned in Label Studio; turn it back and submit it again")
    sizes = {_size(one) for one in regions}
    ids = [data.get(field) for field in ("gnomon_id", "gnomon_run")]
    image_id, run_id = (None if one is None else one.text() for one in ids)
    return CorrectedImage(
        name, sizes.pop() if sizes else (0, 0), tuple(map(_point, regions)), image_id, run_id
    )


def _size(region: Value) -> tuple[int, int]:
    return region["original_width"].whole(low=1), region["original_height"].whole(low=1)


def _point(region: Value) -> CorrectedPoint:
    value, (width, height) = region["value"], _size(region)
    x, y = (value[side].number() for side in ("x", "y"))
    names = value["keypointlabels"].texts()
    if not names:
        raise ValueError(f"{value.place}.keypointlabels is empty")
    return CorrectedPoint(
        x / 100 * width - 0.5,
        y / 100 * height - 0.5,
        names[0],
        rank=rank_in(str(region["id"].key())),
    )

"""Label Studio's JSON as it gives it back: tasks with annotations."""

from pathlib import Path
from typing import Any

from gnomon.corrections.corrected import CorrectedImage, CorrectedPoint, rank_in
from gnomon.datasets.files import read_json
from gnomon.errors import ExportError


def read_label_studio(path: Path) -> list[CorrectedImage]:
    """Read the tasks that were submitted, of each the last annotation that was not cancelled."""
    found = []
    try:
        for task in read_json(path):
            done = [one for one in task["annotations"] if not one.get("was_cancelled")]
            if done:
                found.append(_image(task["data"], done[-1]["result"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ExportError(
            f"{path} is not Label Studio's JSON (export as JSON, not as JSON-MIN): {error!r}"
        ) from error
    return found


def _image(data: dict[str, Any], result: list[dict[str, Any]]) -> CorrectedImage:
    regions = [one for one in result if one["type"] == "keypointlabels"]
    turned = [one["id"] for one in regions if one.get("image_rotation")]
    name = data.get("name") or data["image"].rpartition("/")[2]
    if turned:
        raise ExportError(f"{name} was turned in Label Studio; turn it back and submit it again")
    sizes = {(one["original_width"], one["original_height"]) for one in regions}
    return CorrectedImage(
        name,
        sizes.pop() if sizes else (0, 0),
        tuple(map(_point, regions)),
        data.get("gnomon_id"),
    )


def _point(region: dict[str, Any]) -> CorrectedPoint:
    value = region["value"]
    return CorrectedPoint(
        value["x"] / 100 * region["original_width"] - 0.5,
        value["y"] / 100 * region["original_height"] - 0.5,
        value["keypointlabels"][0],
        rank=rank_in(region["id"]),
    )

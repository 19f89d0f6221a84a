"""FiftyOne's dataset on disk, as JSON that needs no database to be written.

It is what FiftyOne calls ``LegacyFiftyOneDataset``, whose fields it infers by itself. Places are
shares of the image's size from its left and top edge; NaN where the image has no such point.
https://docs.voxel51.com/user_guide/import_datasets.html
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.disk import Folder, new_folder, safe_name
from gnomon.export.contents import Contents
from gnomon.export.heatmap_file import heatmap_png
from gnomon.export.json_stream import write_object
from gnomon.export.naming import whole_path
from gnomon.runs.heatmaps import read_heatmaps
from gnomon.runs.records import Record
from gnomon.runs.store import open_store
from gnomon.types import Floats


def write_fiftyone(contents: Contents, out: Path) -> None:
    """Write a folder with ``metadata.json``, ``samples.json`` and the heatmaps that were saved.

    A sample has ``keypoints`` (all points of the image, or the parts in order), ``prediction`` (its
    class) and a field for each map; images stay where they are.
    """
    folder = new_folder(out)
    with folder.create_text("metadata.json") as file:
        write_object(file, {"media_type": "image", "info": _info(contents)})
    with folder.create_text("samples.json") as file:
        write_object(file, {"samples": _samples(contents, folder)})


def _info(contents: Contents) -> dict[str, Any]:
    return {
        "classifier": contents.info.classifier,
        "gnomon": contents.info.versions["gnomon"],
        "skeleton_labels": list(contents.names) if contents.ordered else [],
        "skeleton_edges": [list(edge) for edge in contents.edges],
    }


def _samples(contents: Contents, folder: Folder) -> Iterator[dict[str, Any]]:
    for record in contents:
        image = record.image
        yield {
            "filepath": whole_path(image.path),
            "tags": [],
            "metadata": {"_cls": "ImageMetadata", "width": image.width, "height": image.height},
            "gnomon_id": image.image_id,
            "prediction": {
                "_id": _key(image.image_id, "prediction"),
                "_cls": "Classification",
                "tags": [],
                "label": image.label,
                "confidence": image.probability,
            },
            "keypoints": {"_cls": "Keypoints", "keypoints": _keypoints(record, contents)},
        } | _maps(record, contents, folder)


def _keypoints(record: Record, contents: Contents) -> list[dict[str, Any]]:
    if not len(record):
        return []
    if contents.ordered:
        xy, score, confidence = contents.placed(record)
    else:
        xy, score, confidence = record.xy, record.score, record.confidence
    shares = (xy + 0.5) / [record.image.width, record.image.height]
    return [
        {
            "_id": _key(record.image.image_id, "keypoints"),
            "_cls": "Keypoint",
            "attributes": {},
            "tags": [],
            "label": record.image.label,
            "points": [_numbers(place) for place in shares],
            "confidence": _numbers(confidence),
            "scores": _numbers(score),
        }
    ]


def _maps(record: Record, contents: Contents, folder: Folder) -> dict[str, Any]:
    image, found = record.image, {}
    size = contents.info.preprocessing.size
    maps = read_heatmaps(open_store(contents.choice.run), image.image_id, size) or {}
    for kind, values in maps.items():
        path = f"fields/{kind}/{safe_name(image.image_id)}.png"
        size = (image.width, image.height)
        with folder.create(path) as file:
            file.write(heatmap_png(values, size, contents.info.preprocessing))
        found[kind] = {
            "_id": _key(image.image_id, kind),
            "_cls": "Heatmap",
            "tags": [],
            "map_path": path,
            "range": [0.0, 255.0],
        }
    return found


def _numbers(values: Floats) -> list[float | dict[str, str]]:
    return [value if np.isfinite(value) else {"$numberDouble": "NaN"} for value in values.tolist()]


def _key(image_id: str, field: str) -> dict[str, str]:
    """Make an id of MongoDB's kind, the same for the same image and field."""
    return {"$oid": sha256(f"{image_id} {field}".encode()).hexdigest()[:24]}

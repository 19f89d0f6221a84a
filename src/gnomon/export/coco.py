"""COCO keypoints: one object an image, its category the class, its keypoints the places by name.

Keypoints are pixel indices in COCO, 0 the first pixel's center, as in gnomon; boxes are continuous,
0 the image's left edge (Detectron2's and gnomon's readers make the same distinction). A box holds
the points' pixels, so it is never empty, and lies within the image.
https://cocodataset.org/#format-data
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.disk import new_text
from gnomon.export.contents import Contents
from gnomon.export.json_stream import number, write_array, write_object
from gnomon.runs.identity import run_id
from gnomon.runs.records import Photograph
from gnomon.types import Floats

VISIBLE = 2


def write_coco(contents: Contents, out: Path) -> None:
    """Write ground truth as one JSON file; confidences stand beside in ``keypoint_scores``."""
    write_document(contents, out, 0.0)


def write_document(contents: Contents, out: Path, shift: float) -> None:
    """Write the ground truth form, its keypoints moved by ``shift`` pixels both ways."""
    with new_text(out) as file:
        write_object(
            file,
            {
                "info": {
                    "description": f"keypoints by gnomon, {contents.info.classifier}",
                    "version": contents.info.versions["gnomon"],
                    "date_created": contents.info.start,
                    "gnomon_run": run_id(contents.info),
                },
                "licenses": [],
                "categories": categories(contents),
                "images": _images(contents),
                "annotations": _annotations(contents, shift),
            },
        )


def write_coco_results(contents: Contents, out: Path) -> None:
    """Write the results form, which ``loadRes`` reads: the score is the class's probability."""
    with new_text(out) as file:
        write_array(file, _results(contents))


def categories(contents: Contents) -> list[dict[str, Any]]:
    """Make the categories, ids from 1 in the order of the labels; a skeleton counts from 1."""
    return [
        {
            "id": key,
            "name": label,
            "supercategory": "object",
            "keypoints": list(contents.names),
            "skeleton": [[a + 1, b + 1] for a, b in contents.edges],
        }
        for key, label in enumerate(contents.labels, start=1)
    ]


def box_of(xy: Floats, image: Photograph) -> Floats:
    """Enclose the pixels of points (N,2): x, y, width, height, 0 the image's left and top edge."""
    size = np.array([image.width, image.height])
    low, high = np.clip([xy.min(axis=0), xy.max(axis=0) + 1], 0, size)
    return np.concatenate([low, high - low])


def _images(contents: Contents) -> Iterator[dict[str, Any]]:
    for key, record in enumerate(contents, start=1):
        yield {
            "id": key,
            "file_name": contents.name(record.image),
            "width": record.image.width,
            "height": record.image.height,
            "gnomon_id": record.image.image_id,
        }


def _objects(
    contents: Contents, shift: float = 0.0
) -> Iterator[tuple[dict[str, Any], Photograph, Floats, Floats]]:
    """Yield each image with points: its object so far, the image, xy (K,2), confidences (K,)."""
    category = {label: key for key, label in enumerate(contents.labels, start=1)}
    for key, record in enumerate(contents, start=1):
        xy, _, score = contents.placed(record)
        here = ~np.isnan(xy[:, 0])
        if not here.any():
            continue
        flat = np.zeros((len(xy), 3))
        flat[here] = np.column_stack([xy[here] + shift, np.full(here.sum(), VISIBLE)])
        found = {
            "image_id": key,
            "category_id": category[record.image.label],
            "keypoints": [v if n % 3 < 2 else int(v) for n, v in enumerate(flat.ravel().tolist())],
            "score": record.image.probability,
        }
        yield found, record.image, xy[here], score


def _annotations(contents: Contents, shift: float) -> Iterator[dict[str, Any]]:
    run = run_id(contents.info)
    for key, (found, image, xy, score) in enumerate(_objects(contents, shift), start=1):
        box = box_of(xy, image)
        yield found | {
            "id": key,
            "bbox": box.tolist(),
            "area": float(box[2] * box[3]),
            "iscrowd": 0,
            "segmentation": [],
            "num_keypoints": len(xy),
            "keypoint_scores": [number(one) for one in score],
            "attributes": {"run": run},
        }


def _results(contents: Contents) -> Iterator[dict[str, Any]]:
    for found, *_ in _objects(contents):
        yield found

"""CVAT's COCO Keypoints 1.0: a skeleton an image, and the labels that a task needs for it.

Points lie half a pixel further than in COCO, as CVAT takes them to its canvas as they are.
https://docs.cvat.ai/docs/dataset_management/formats/format-coco-keypoints/
"""

from math import cos, pi, sin
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from gnomon.disk import new_folder
from gnomon.export.coco import write_document
from gnomon.export.contents import Contents
from gnomon.export.cvat import RUN, TO_CANVAS, point_label, text_attribute, write_labels


def write_cvat_skeleton(contents: Contents, out: Path) -> None:
    """Write a folder: ``annotations/person_keypoints_default.json`` to zip, and ``labels.json``."""
    folder = new_folder(out)
    new_folder(out / "annotations")
    write_document(contents, out / "annotations" / "person_keypoints_default.json", TO_CANVAS)
    write_labels(folder, [_skeleton(label, contents) for label in contents.labels])


def _skeleton(label: str, contents: Contents) -> dict[str, Any]:
    return {
        "name": label,
        "type": "skeleton",
        "attributes": [text_attribute(RUN)],
        "sublabels": [point_label(name, []) for name in contents.names],
        "svg": drawing(contents.names, contents.edges),
    }


def drawing(names: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> str:
    """Draw a skeleton on a circle, as SVG in the words of CVAT's editor (0 to 100 each way)."""
    turn = 2 * pi / max(len(names), 1)
    at = [(50 + 40 * sin(n * turn), 50 - 40 * cos(n * turn)) for n in range(len(names))]
    lines = [
        f'<line x1="{at[a][0]:.2f}" y1="{at[a][1]:.2f}" x2="{at[b][0]:.2f}" y2="{at[b][1]:.2f}" '
        f'data-type="edge" data-node-from="{a + 1}" data-node-to="{b + 1}"></line>'
        for a, b in edges
    ]
    circles = [
        f'<circle r="0.75" cx="{x:.2f}" cy="{y:.2f}" data-type="element node" '
        f'data-element-id="{n}" data-node-id="{n}" data-label-name={quoteattr(name)}></circle>'
        for n, (name, (x, y)) in enumerate(zip(names, at, strict=True), start=1)
    ]
    return "".join(lines + circles)

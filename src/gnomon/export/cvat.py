"""CVAT for images 1.1: one point an element, its confidence (score), rank and run as attributes.

CVAT draws on a canvas whose origin is the top left corner of the top left pixel, so a pixel's
center lies at half a pixel. Labels must be in the task before the points: ``labels.json`` is what
the constructor of labels takes under "Raw".
https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

import json
import re
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

from gnomon.disk import Folder, new_folder
from gnomon.export.contents import Contents
from gnomon.runs.identity import run_id
from gnomon.runs.records import Record
from gnomon.tables import ANY

TO_CANVAS = 0.5
RUN = "run"
ATTRIBUTES = ("score", "rank", RUN)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_cvat(contents: Contents, out: Path) -> None:
    """Write a folder with ``annotations.xml`` and ``labels.json``."""
    folder = new_folder(out)
    names = (*contents.names, ANY) if contents.ordered else (ANY,)
    labels = [point_label(name, [text_attribute(one) for one in ATTRIBUTES]) for name in names]
    write_labels(folder, labels)
    with folder.create_text("annotations.xml") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
        file.write("  <version>1.1</version>\n")
        _write_meta(file, names)
        run = run_id(contents.info)
        for key, record in enumerate(contents):
            _write_image(file, key, record, contents, run)
        file.write("</annotations>\n")


def write_labels(folder: Folder, labels: list[dict[str, Any]]) -> None:
    """Write labels.json, the "Raw" form of a task's labels."""
    with folder.create_text("labels.json") as file:
        file.write(json.dumps(labels, ensure_ascii=False, indent=2) + "\n")


def point_label(name: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe a label of single points."""
    return {"name": name, "type": "points", "attributes": attributes}


def text_attribute(name: str) -> dict[str, Any]:
    """Describe an attribute that holds any text, for CVAT's own number type is a whole number."""
    return {
        "name": name,
        "mutable": False,
        "input_type": "text",
        "default_value": "",
        "values": [""],
    }


def _write_meta(file: TextIO, names: tuple[str, ...]) -> None:
    """Write the task's labels, which readers of the file take its attributes' kinds from."""
    kinds = "".join(
        f"<attribute><name>{one}</name><mutable>False</mutable><input_type>text</input_type>"
        "<default_value></default_value><values></values></attribute>"
        for one in ATTRIBUTES
    )
    file.write("  <meta><task><mode>annotation</mode><labels>\n")
    for name in names:
        file.write(
            f"    <label><name>{escape(_NOT_XML.sub('?', name))}</name><type>points</type>"
            f"<attributes>{kinds}</attributes></label>\n"
        )
    file.write("  </labels></task></meta>\n")


def _write_image(file: TextIO, key: int, record: Record, contents: Contents, run: str) -> None:
    image = record.image
    file.write(
        f'  <image id="{key}" name={_attribute(contents.name(image))} '
        f'width="{image.width}" height="{image.height}">\n'
    )
    columns = (
        contents.point_names(record),
        (record.xy + TO_CANVAS).tolist(),
        record.confidence.tolist(),
        record.column("rank").tolist(),
    )
    for label, (x, y), score, rank in zip(*columns, strict=True):
        file.write(
            f'    <points label={_attribute(label)} source="auto" occluded="0" '
            f'points="{x!r},{y!r}" z_order="0">\n'
            f'      <attribute name="score">{score!r}</attribute>\n'
            f'      <attribute name="rank">{rank}</attribute>\n'
            f'      <attribute name="{RUN}">{run}</attribute>\n'
            "    </points>\n"
        )
    file.write("  </image>\n")


def _attribute(text: str) -> str:
    """Quote an attribute; what XML cannot hold becomes a question mark."""
    return quoteattr(_NOT_XML.sub("?", text), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})

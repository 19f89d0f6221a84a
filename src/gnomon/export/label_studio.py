"""Label Studio: a task an image, its keypoints as a prediction, and the labelling configuration.

Places are percent of the image as displayed, 0 its left and top edge. A region's id holds the
point's rank, which finds it again after a person moved it.
https://labelstud.io/guide/predictions
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from gnomon.disk import new_folder
from gnomon.export.contents import Contents
from gnomon.export.json_stream import write_array
from gnomon.export.naming import whole_path
from gnomon.path_text import text_path
from gnomon.runs.identity import run_id
from gnomon.runs.records import Record
from gnomon.tables import ANY

FROM, TO = "keypoints", "image"


def write_label_studio(contents: Contents, out: Path) -> None:
    """Write a folder with ``tasks.json`` to import and ``config.xml`` for the project."""
    folder = new_folder(out)
    with folder.create_text("config.xml") as file:
        file.write(configuration(contents))
    with folder.create_text("tasks.json") as file:
        write_array(file, _tasks(contents))
        file.write("\n")


def configuration(contents: Contents) -> str:
    """Write the labelling configuration: the names of points, on the image, below its class."""
    names = (*contents.names, ANY) if contents.ordered else (ANY,)
    labels = "\n".join(f"    <Label value={quoteattr(name)}/>" for name in names)
    return f"""<View>
  <Header value="$label"/>
  <Image name="{TO}" value="$image" zoom="true"/>
  <KeyPointLabels name="{FROM}" toName="{TO}" strokeWidth="2">
{labels}
  </KeyPointLabels>
</View>
"""


def region_id(rank: int) -> str:
    """Name a point's region."""
    return f"rank-{rank}"


def _tasks(contents: Contents) -> Iterator[dict[str, Any]]:
    run = run_id(contents.info)
    version = f"gnomon {contents.info.versions['gnomon']}, {contents.info.classifier}"
    for record in contents:
        yield {
            "data": {
                "image": _address(record.image.path),
                "label": record.image.label,
                "name": contents.name(record.image),
                "gnomon_id": record.image.image_id,
                "gnomon_run": run,
            },
            "predictions": [
                {
                    "model_version": version,
                    "score": record.image.probability,
                    "result": _regions(record, contents.point_names(record)),
                }
            ],
        }


def _address(path: str) -> str:
    """Return where Label Studio gets the image: from its own disk, unless the path is a URL."""
    whole = whole_path(path)
    if "://" in whole:
        return whole
    return f"/data/local-files/?d={quote(os.fsencode(text_path(whole).lstrip('/')))}"


def _regions(record: Record, names: list[str]) -> list[dict[str, Any]]:
    size = np.array([record.image.width, record.image.height])
    percent = (record.xy + 0.5) / size * 100
    ranks, confidence = record.column("rank").tolist(), record.confidence.tolist()
    return [
        {
            "id": region_id(rank),
            "from_name": FROM,
            "to_name": TO,
            "type": "keypointlabels",
            "original_width": record.image.width,
            "original_height": record.image.height,
            "image_rotation": 0,
            "score": score,
            "value": {"x": x, "y": y, "width": 0.5, "keypointlabels": [name]},
        }
        for rank, score, (x, y), name in zip(
            ranks, confidence, percent.tolist(), names, strict=True
        )
    ]

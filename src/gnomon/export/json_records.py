"""Plain JSON: an array of images, one a line, each with its columns and its keypoints."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gnomon.disk import new_text
from gnomon.export.contents import Contents
from gnomon.export.json_stream import write_array
from gnomon.tables import as_json


def write_json(contents: Contents, out: Path) -> None:
    """Write one file; what is not a number, as the covariance of a point not refined, is null."""
    with new_text(out) as file:
        write_array(file, _images(contents))
        file.write("\n")


def _images(contents: Contents) -> Iterator[dict[str, Any]]:
    for record in contents:
        points = record.points.drop_columns("image_id").to_pylist()
        if contents.ordered:
            for point, name in zip(points, contents.point_names(record), strict=True):
                point["part_name"] = name
        yield asdict(record.image) | {"keypoints": list(map(as_json, points))}

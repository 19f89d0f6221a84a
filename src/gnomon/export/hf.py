"""A folder for Hugging Face `datasets`: Parquet with the images in it, and a card.

https://huggingface.co/docs/datasets/about_dataset_features
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.disk import new_folder
from gnomon.export.contents import Contents
from gnomon.export.photographs import photographed
from gnomon.runs.records import Record

SHARD = 400_000_000
"""Bytes of images in one Parquet file, about."""
AT_ONCE = 16_000_000
"""Bytes of images in one row group, about: what a reader holds at a time."""
IMAGES_AT_ONCE = 64
"""Images in one row group at most, for small ones have points as well."""

POINT = pa.struct(
    [
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("score", pa.float64()),
        ("confidence", pa.float64()),
        ("rank", pa.int32()),
        ("part", pa.int32()),
        ("name", pa.string()),
    ]
)
ROW = pa.schema(
    [
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("name", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("label", pa.string()),
        ("probability", pa.float64()),
        ("keypoints", pa.list_(POINT)),
    ]
)


def write_hf(contents: Contents, out: Path) -> None:
    """Write a folder to push: ``data/train-*.parquet`` and ``README.md``."""
    folder = new_folder(out)
    with folder.create_text("README.md") as card:
        card.write(_card(contents))
    schema = ROW.with_metadata({"huggingface": json.dumps({"info": {"features": features()}})})
    records, shard, more = photographed(contents), 0, True
    while more:
        with (
            folder.create(f"data/train-{shard:05d}.parquet") as target,
            pq.ParquetWriter(target, schema) as file,
        ):
            more = _shard(file, contents, records)
        shard += 1


def features() -> dict[str, Any]:
    """Describe the columns as `datasets` does."""
    kinds = {pa.float64(): "float64", pa.int32(): "int32", pa.string(): "string"}

    def value(kind: pa.DataType) -> dict[str, str]:
        return {"dtype": kinds[kind], "_type": "Value"}

    plain = {one.name: value(one.type) for one in ROW if one.type in kinds}
    point = {one.name: value(one.type) for one in POINT}
    return {"image": {"_type": "Image"}, **plain, "keypoints": {"feature": point, "_type": "List"}}


def _shard(
    file: pq.ParquetWriter, contents: Contents, records: Iterator[tuple[Record, bytes]]
) -> bool:
    """Fill one file; tell whether it became full."""
    held: list[dict[str, Any]] = []
    waiting = written = 0
    for record, photograph in records:
        row = _row(record, photograph, contents)
        held.append(row)
        waiting += len(row["image"]["bytes"])
        if waiting >= AT_ONCE or len(held) == IMAGES_AT_ONCE:
            file.write_table(pa.Table.from_pylist(held, schema=ROW))
            held, written, waiting = [], written + waiting, 0
            if written >= SHARD:
                return True
    if held:
        file.write_table(pa.Table.from_pylist(held, schema=ROW))
    return False


def _row(record: Record, photograph: bytes, contents: Contents) -> dict[str, Any]:
    image = record.image
    name = contents.name(image)
    columns = {
        "x": record.column("x"),
        "y": record.column("y"),
        "score": record.score,
        "confidence": record.confidence,
        "rank": record.column("rank"),
        "part": record.column("part"),
    }
    points = pa.table({**columns, "name": contents.point_names(record)}).to_pylist()
    return {
        "image": {"bytes": photograph, "path": contents.file_name(image)},
        "name": name,
        "width": image.width,
        "height": image.height,
        "label": image.label,
        "probability": image.probability,
        "keypoints": points,
    }


def _card(contents: Contents) -> str:
    info = contents.info
    return f"""---
task_categories:
- keypoint-detection
tags:
- gnomon
---

# Keypoints by gnomon

{contents.n_points} keypoints in {contents.n_images} images, found by gnomon \
{info.versions["gnomon"]} with the classifier `{info.classifier}`, preset `{info.preset}`, from \
class labels alone: nobody annotated a point.

- `keypoints`: `x` and `y` in pixels of the image as displayed (EXIF orientation applied), \
integers the pixels' centers; `score`, by which they are ordered, and `confidence`, the \
probability that the point is found again and on the object; \
`rank` from 1; `part`, -1 for none, and its `name`.
- `label` and `probability`: the class that the keypoints explain.

```python
from datasets import load_dataset

rows = load_dataset("parquet", data_files="data/train-*.parquet", split="train")
```
"""

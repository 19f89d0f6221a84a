"""A run whose points were exported, and what a person then did to them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawn import drawn_info

from gnomon.images import decode
from gnomon.runs import RunInfo
from gnomon.tables import IMAGES, KEYPOINTS, image_id

SIZE = (64, 48)
POINTS = 6


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make a run of three images with six points each, far apart."""
    folder = tmp_path / "run"
    rng = np.random.default_rng(3)
    images, keypoints = [], []
    pixels = decode(np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8)).content_hash
    for name in ("a.png", "birds/a.png", "birds/b.png"):
        path = tmp_path / "photographs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", SIZE).save(path)
        images.append(
            dict.fromkeys(IMAGES.names, 0)
            | {"image_id": image_id(str(path)), "path": str(path), "content_hash": pixels}
            | {
                "label": "bird",
                "fine_method": "guided",
                "width": SIZE[0],
                "height": SIZE[1],
                "n_keypoints": POINTS,
            }
        )
        grid = np.array([(10 + 20 * (n % 3), 10 + 20 * (n // 3)) for n in range(POINTS)])
        xy = grid + rng.uniform(-2, 2, (POINTS, 2))
        columns = dict.fromkeys(KEYPOINTS.names, np.zeros(POINTS)) | {
            "image_id": [image_id(str(path))] * POINTS,
            "rank": np.arange(1, POINTS + 1),
            "x": xy[:, 0],
            "y": xy[:, 1],
            "refined": np.zeros(POINTS, dtype=bool),
            "kind": ["map"] * POINTS,
            "proved": np.zeros(POINTS, dtype=bool),
            "part": np.full(POINTS, -1),
        }
        keypoints.append(pa.table({k: columns[k] for k in KEYPOINTS.names}, schema=KEYPOINTS))
    for name, table in (
        ("images", pa.Table.from_pylist(images, schema=IMAGES)),
        ("keypoints", pa.concat_tables(keypoints)),
    ):
        (folder / name).mkdir(parents=True)
        pq.write_table(table, folder / name / "part-000000.parquet")
    drawn_info().write(folder)
    return folder


@pytest.fixture
def with_parts(run: Path) -> Path:
    """Give the points of each image the parts 0 to 5."""
    path = run / "keypoints" / "part-000000.parquet"
    table = pq.read_table(path)
    parts = pa.array(np.tile(np.arange(POINTS), 3), pa.int32())
    field = KEYPOINTS.field("part")
    pq.write_table(table.set_column(table.column_names.index("part"), field, parts), path)
    names = tuple(f"part {letter}" for letter in "abcdef")
    replace(RunInfo.read(run), part_names=names).write(run)
    return run

"""What `gnomon parts` leaves in a run: the model, and a part for each keypoint that shows one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from gnomon.errors import ImageError
from gnomon.parts.assign import PartFinder
from gnomon.runs import Run
from gnomon.runs.by_image import places, points_by_image
from gnomon.runs.discovered import ASSIGNED, FOLDER, SEARCHED, TABLE
from gnomon.runs.parquet import to_parquet
from gnomon.runs.photographs import Photographs
from gnomon.runs.store import LocalStore


def write_parts(
    run: Run,
    finder: PartFinder,
    done: Callable[[int, int], None] = lambda now, total: None,
    photographs: Photographs | None = None,
) -> dict[str, str]:
    """Write parts/ into a run: the model, keypoints.parquet and searched.parquet.

    Gives the images (by path) that could not be read again, and why.
    """
    photographs = photographs or Photographs()
    assigned, searched = [ASSIGNED.empty_table()], [SEARCHED.empty_table()]
    failures: dict[str, str] = {}
    points = points_by_image(run.keypoints)
    rows: list[dict[str, Any]] = run.images.to_pylist()
    for number, row in enumerate(rows):
        key = row["image_id"]
        xy = places(points[key])
        try:
            picture = photographs.picture(row["path"], row["content_hash"])
            found = finder.assign(picture, xy, row["label"])
        except ImageError as error:
            failures[row["path"]] = str(error)
            continue
        finally:
            done(number + 1, len(rows))
        fits = np.flatnonzero(found.part >= 0)
        assigned.append(
            pa.table(
                {
                    "image_id": [key] * len(fits),
                    "rank": fits + 1,
                    "part": found.part[fits],
                    "score": found.score[fits],
                },
                schema=ASSIGNED,
            )
        )
        searched.append(
            pa.table(
                {
                    "image_id": [key] * len(found.searched),
                    "part": [one.part for one in found.searched],
                    "x": [one.xy[0] for one in found.searched],
                    "y": [one.xy[1] for one in found.searched],
                    "score": [one.score for one in found.searched],
                },
                schema=SEARCHED,
            )
        )
    with LocalStore(run.folder).together() as files:
        finder.model.write_into(files, f"{FOLDER}/")
        files.write(f"{FOLDER}/searched.parquet", to_parquet(pa.concat_tables(searched)))
        files.write(f"{FOLDER}/{TABLE}", to_parquet(pa.concat_tables(assigned)))
    return failures

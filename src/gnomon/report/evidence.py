"""What a run knows of one image beside its tables: photograph, maps, annotated points."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gnomon.detector import Detector
from gnomon.errors import ImageError
from gnomon.geometry import Affine
from gnomon.images import decode, model_to_file
from gnomon.runs import Run
from gnomon.types import Floats

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Coarse, fine and confidence map (H,W), and where their pixels lie in the file."""

    coarse: Floats32
    fine: Floats32
    confidence: Floats32
    to_file: Affine

    @classmethod
    def kept(cls, run: Run, row: dict[str, Any]) -> "Maps | None":
        """Read the maps that `detect --save-heatmaps` kept of an image, if it did."""
        how = run.info.preprocessing
        try:
            with np.load(run.folder / "heatmaps" / f"{row['image_id']}.npz") as file:
                coarse, fine, confidence = (file[n] for n in ("coarse", "fine", "confidence"))
        except (OSError, KeyError, ValueError, BadZipFile):
            return None
        to_file = model_to_file(
            (row["width"], row["height"]), how.size, how.resize, how.crop_fraction
        )
        return cls(coarse, fine, confidence, to_file)

    @classmethod
    def computed(cls, detector: Detector, row: dict[str, Any]) -> "Maps | None":
        """Compute the maps again, for the class that the run found; ``None`` without the file."""
        try:
            image = detector.load(row["path"])
        except ImageError:
            return None
        found = detector.detect(image, label_index=row["label_index"])
        return cls(found.coarse.values, found.fine.values, found.confidence.values, image.to_file)


def picture_of(row: dict[str, Any]) -> NDArray[np.uint8] | None:
    """Decode an image of the run, if its file is still there and still the same size."""
    try:
        picture = decode(row["path"])
    except ImageError:
        return None
    return picture.rgb if picture.size == (row["width"], row["height"]) else None


def figure_of(run: Run, image_id: str) -> Path | None:
    """Find the figure that `detect` drew of an image, if it did."""
    path = run.folder / "figures" / f"{image_id}.png"
    return path if path.exists() else None


def points_by_image(keypoints: pa.Table) -> dict[str, pa.Table]:
    """Give each image its rows, in their order; images without rows are not among them."""
    if keypoints.num_rows == 0:
        return {}
    ids = keypoints["image_id"].combine_chunks()
    codes = ids.dictionary_encode()
    order = pc.sort_indices(codes.indices)
    sorted_rows = keypoints.take(order)
    counts = np.bincount(codes.indices.to_numpy())
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    names = codes.dictionary.to_pylist()
    return {
        name: sorted_rows.slice(int(start), int(count))
        for name, start, count in zip(names, starts, counts, strict=True)
    }


def covariances(rows: pa.Table) -> Floats:
    """Give the covariances (N,2,2) of rows of the keypoints table."""
    xx, xy, yy = (rows[name].to_numpy() for name in ("cov_xx", "cov_xy", "cov_yy"))
    matrices: Floats = np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2)
    return matrices


def places(rows: pa.Table) -> Floats:
    """Give the places (N,2) of rows of the keypoints table, file pixels."""
    xy: Floats = np.column_stack([rows["x"].to_numpy(), rows["y"].to_numpy()])
    return xy

"""What a run knows of one image beside its tables: photograph, maps, annotated points."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gnomon.detector import Detector
from gnomon.errors import ImageError
from gnomon.geometry import Affine
from gnomon.images import model_to_file
from gnomon.prove import discs
from gnomon.runs import Run
from gnomon.runs.by_image import places
from gnomon.runs.figure_file import figure_file
from gnomon.runs.findings import read_picture
from gnomon.runs.heatmaps import read_heatmaps
from gnomon.runs.photographs import Photographs
from gnomon.runs.store import open_store
from gnomon.types import HeatmapKind

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Coarse, fine and confidence map (H,W), and where their pixels lie in the file.

    ``coarse`` is ``None`` where the keypoints alone were hidden.
    """

    fine: Floats32
    confidence: Floats32
    to_file: Affine
    coarse: Floats32 | None = None

    @classmethod
    def of(
        cls, run: Run, row: dict[str, Any], detector: Detector | None, photographs: Photographs
    ) -> "Maps | None":
        """Read the maps that the run kept of an image, or else compute them, given a detector."""
        kept = cls.kept(run, row)
        if kept is None and detector is not None:
            return cls.computed(detector, row, photographs)
        return kept

    @classmethod
    def kept(cls, run: Run, row: dict[str, Any]) -> "Maps | None":
        """Read the maps that `detect --save-heatmaps` kept of an image, if it did."""
        how = run.info.preprocessing
        maps = read_heatmaps(open_store(run.folder), row["image_id"], how.size)
        if maps is None:
            return None
        to_file = model_to_file(
            (row["width"], row["height"]), how.size, how.resize, how.crop_fraction
        )
        return cls(**maps, to_file=to_file)

    @classmethod
    def computed(
        cls, detector: Detector, row: dict[str, Any], photographs: Photographs
    ) -> "Maps | None":
        """Compute the maps again, for the class that the run found; ``None`` without the file."""
        try:
            image = detector.load(photographs.picture(row["path"], row["content_hash"]))
        except ImageError:
            return None
        found = detector.detect(image, label_index=row["label_index"])
        coarse = None if found.coarse is None else found.coarse.values
        return cls(found.fine.values, found.confidence.values, image.to_file, coarse)

    def titled(self, keypoints: pa.Table, patch: int) -> dict[str, Floats32]:
        """Return the maps to show, by title; in place of a coarse map, what each point costs."""
        fine = {"fine: backpropagation": self.fine}
        if self.coarse is not None:
            return {"coarse: occlusion": self.coarse} | fine
        if not np.isfinite(keypoints["coarse"].to_numpy()).any():
            return fine
        return {"coarse: each point hidden": self.shown("coarse", keypoints, patch)} | fine

    def shown(self, kind: HeatmapKind, keypoints: pa.Table, patch: int) -> Floats32:
        """Return a map; in place of a coarse map, discs that show what each point costs."""
        if kind != "coarse" or self.coarse is not None:
            values: Floats32 = getattr(self, kind)
            return values
        xy = self.to_file.inverse().apply(places(keypoints))
        shape = (self.fine.shape[0], self.fine.shape[1])
        return discs(xy, keypoints["coarse"].to_numpy(), patch, shape).values


def picture_of(row: dict[str, Any], photographs: Photographs) -> NDArray[np.uint8] | None:
    """Decode an image of the run, if it is here."""
    try:
        return photographs.picture(row["path"], row["content_hash"]).rgb
    except ImageError:
        return None


def figure_of(run: Run, row: dict[str, Any]) -> NDArray[np.uint8] | None:
    """Read the figure (h,w,3) that `detect` drew of an image, if it did."""
    return read_picture(open_store(run.folder), figure_file(row["path"], row["image_id"]))

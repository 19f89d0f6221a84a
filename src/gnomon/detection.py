"""What gnomon finds in one image, and the forms in which other tools take it."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gnomon.arguments import checked_class
from gnomon.errors import ArgumentError
from gnomon.geometry import Affine
from gnomon.showing import file_name, quoted, size
from gnomon.types import Heatmap, Image, Keypoints, Landmarks, Work

if TYPE_CHECKING:
    import supervision
    from matplotlib.figure import Figure

NAME_LETTERS = 40
"""Of a photograph's name in a figure's title."""


@checked_class
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Detection:
    """What gnomon found in one image: the class, the keypoints in file pixels, and the evidence.

    ``coarse`` is ``None`` unless the whole map was computed. ``unsure`` says that the class was
    predicted with so little probability that the image may show none that the classifier knows.
    """

    image: Image
    label: str
    label_index: int
    probability: float
    keypoints: Keypoints
    n_candidates: int
    coarse: Heatmap | None
    fine: Heatmap
    confidence: Heatmap
    work: Work
    seconds: float
    unsure: bool = False

    def __post_init__(self) -> None:
        if self.keypoints.frame != "file":
            raise ArgumentError("a detection's keypoints are in file pixels")
        shape = (self.image.height, self.image.width)
        for heatmap in (self.coarse, self.fine, self.confidence):
            if heatmap is not None and heatmap.values.shape != shape:
                raise ArgumentError(f"the {heatmap.kind} map is not {shape}")

    def __repr__(self) -> str:
        unsure = " (unsure)" if self.unsure else ""
        proved = int(self.keypoints.proved.sum())
        return (
            f"<Detection {quoted(self.image.source)} {size(*self.image.size)}:"
            f" {quoted(self.label)} {self.probability:.1%}{unsure},"
            f" {len(self.keypoints)} keypoints, {proved} proved>"
        )

    def row(self, path: str) -> dict[str, Any]:
        """Return the row that the image has in a run's table of images, where it lies at ``path``.

        Secrets in URLs are masked.
        """
        from gnomon import tables  # pyarrow takes a while to import

        return {
            "image_id": tables.image_id(path),
            "path": tables.recorded(path),
            "content_hash": self.image.content_hash,
            "width": self.image.size[0],
            "height": self.image.size[1],
            "label": self.label,
            "label_index": self.label_index,
            "probability": self.probability,
            "n_candidates": self.n_candidates,
            "n_keypoints": len(self.keypoints),
            "fine_method": self.work.fine,
            "seconds": self.seconds,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return class and keypoints, without the maps, as JSON can hold them.

        It has the entries that ``gnomon export --format json`` writes for an image. A number that
        is not finite is ``None``.
        """
        from gnomon import tables

        points = self.keypoints.to_arrow().to_pylist()
        return self.row(self.image.source) | {"keypoints": list(map(tables.as_json, points))}

    def to_json(self) -> str:
        """Return ``to_dict`` as one line of JSON, from which ``json.loads`` makes it again."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def to_supervision(self) -> "supervision.KeyPoints":
        """Return the keypoints as one object of supervision's, none where there are no keypoints.

        ``SettingError`` where supervision is not installed.
        """
        from gnomon.supervision_points import key_points

        return key_points(
            self.keypoints.xy,
            self.keypoints.confidence,
            class_id=self.label_index,
            class_name=self.label,
            probability=self.probability,
        )

    def figure(
        self, picture: NDArray[np.uint8] | None = None, landmarks: Landmarks | None = None
    ) -> "Figure":
        """Draw the paper's columns: image, coarse map, fine map, keypoints, annotations.

        Without a whole coarse map its column is left out.

        ``picture`` (h,w,3) uint8 is the file at its own resolution; without it the image at model
        size is drawn. The column of annotations is there when ``landmarks`` are.
        """
        from gnomon import figures  # matplotlib takes a second to import

        panels = figures.method_panels(
            picture=self.image.picture() if picture is None else picture,
            picture_to_file=self.image.to_file
            if picture is None
            else Affine.resize((picture.shape[1], picture.shape[0]), self.image.size),
            maps=self._titled_maps(),
            map_to_file=self.image.to_file,
            keypoints=self.keypoints.xy,
            covariance=self.keypoints.covariance,
            kind=self.keypoints.kind,
            proved=self.keypoints.proved if self._hidden_one_by_one() else None,
            landmarks=None if landmarks is None else landmarks.xy[landmarks.visible],
        )
        label = figures.drawable(self.label)
        sure = f"{self.probability:.0%}{' (unsure)' if self.unsure else ''}"
        name = figures.drawable(file_name(self.image.source), NAME_LETTERS)
        title = f"{name}: {label} {sure} · {len(self.keypoints)} keypoints"
        return figures.draw(panels, self.image.size, title)

    def _hidden_one_by_one(self) -> bool:
        """Return whether each keypoint was hidden by itself, so that some may be unproved."""
        points = self.keypoints
        known = self.coarse is None and bool(np.isfinite(points.coarse).any())
        return known or bool(points.proved.any())

    def _titled_maps(self) -> dict[str, NDArray[np.float32]]:
        coarse = {} if self.coarse is None else {"coarse: occlusion": self.coarse.values}
        return coarse | {"fine: backpropagation": self.fine.values}

    def _repr_png_(self) -> bytes:
        from gnomon import figures

        return figures.png(self.figure())

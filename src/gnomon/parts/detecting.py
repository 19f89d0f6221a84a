"""A detector whose keypoints come with their parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from gnomon.detection import Detection
from gnomon.detector import Detector, WindowsDone
from gnomon.errors import SettingError
from gnomon.images import Picture, decode
from gnomon.images.decode import Source
from gnomon.parts.assign import PartFinder
from gnomon.parts.model import PartModel
from gnomon.types import Image


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PicturedImage(Image):
    """An image at model size that still has its picture, in which parts are looked at closely."""

    original: Picture


class PartDetector:
    """Finds keypoints as ``detector`` does and gives them the parts of a model.

    ``RunError`` where the model was learnt with another classifier.
    """

    def __init__(self, detector: Detector, model: PartModel) -> None:
        self._detector = detector
        self._finder = PartFinder(model, detector.classifier)

    def load(self, source: Source, /) -> PicturedImage:
        """Bring an image to the classifier's size."""
        picture = decode(source)
        image = self._detector.load(picture)
        kept = {field.name: getattr(image, field.name) for field in fields(Image)}
        return PicturedImage(**kept, original=picture)

    def detect(self, image: Image, progress: WindowsDone | None = None, /) -> Detection:
        """Find keypoints and their parts in an image that ``load`` gave; no other is taken."""
        (found,) = self.detect_several([image], progress)
        return found

    @property
    def images_at_a_time(self) -> int:
        """How many images ``detect_several`` is best given."""
        return self._detector.images_at_a_time

    def detect_several(
        self, images: Sequence[Image], progress: WindowsDone | None = None, /
    ) -> list[Detection]:
        """Find keypoints and their parts in each of some images that ``load`` gave."""
        pictures = [image.original for image in images if isinstance(image, PicturedImage)]
        if len(pictures) < len(images):
            raise SettingError("parts are found in images that PartDetector.load gave")
        return [
            replace(found, keypoints=self._finder(picture, found.keypoints, found.label))
            for picture, found in zip(
                pictures, self._detector.detect_several(images, progress), strict=True
            )
        ]


@dataclass(frozen=True, slots=True)
class PartMaker:
    """Makes a worker's `PartDetector`: a detector by ``make``, the model read from ``path``."""

    make: Callable[[], Detector]
    path: Path

    def __call__(self) -> PartDetector:
        """Load the classifier and the model."""
        return PartDetector(self.make(), PartModel.read(self.path))

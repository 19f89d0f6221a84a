"""Which landmark the keypoints of a run find most often, for each class and over all."""

from collections.abc import Sequence
from dataclasses import dataclass

from gnomon.datasets import Dataset, Sample
from gnomon.errors import DatasetError
from gnomon.landmarks.assign import assign
from gnomon.landmarks.histogram import Histogram, count
from gnomon.landmarks.matched import Matched
from gnomon.path_text import path_text
from gnomon.runs import Run, annotated
from gnomon.runs.by_image import places, points_by_image
from gnomon.types import Floats

OVERALL = "all classes"
UNLABELED = "unlabeled"


@dataclass(frozen=True, slots=True, eq=False)
class Salient:
    """What a run found of a data set's landmarks, at tolerance ``alpha``.

    ``classes`` are the histograms by class, sorted by label, and ``overall`` the one over all
    images. ``images`` are what they count. ``unknown`` names the run's images that the data set
    does not have, ``bare`` those in which it shows no landmark.
    """

    alpha: float
    classes: tuple[Histogram, ...]
    overall: Histogram
    images: tuple[Matched, ...]
    unknown: tuple[str, ...]
    bare: tuple[str, ...]

    def example(self, histogram: Histogram) -> Matched:
        """Choose the image, of a class or of all, where most keypoints went to what is salient.

        Of equals, the first of the run.
        """
        mine = [
            image
            for image in self.images
            if histogram is self.overall or image.label == histogram.label
        ]
        return max(mine, key=lambda image: sum(image.hits[one] for one in histogram.salient))


def salient(run: Run, dataset: Dataset, alpha: float = 0.1) -> Salient:
    """Find the most frequent landmark of each class.

    Each keypoint goes to the nearest visible landmark of its image within ``alpha`` times the
    object's size, and every keypoint counts. Classes are the data set's labels, else its
    viewpoints, else one class "all". ``RunError`` where no image of the run is in the data set,
    ``DatasetError`` where none has landmarks there, ``SettingError`` where ``alpha`` is not
    positive.
    """
    seen = annotated(run, dataset)
    known: list[tuple[str, Sample]] = []
    bare = []
    for key, sample in zip(seen.image_ids, seen.samples, strict=True):
        if sample.landmarks is None or not sample.landmarks.visible.any():
            bare.append(path_text(str(sample.image)))
        else:
            known.append((key, sample))
    if not known:
        raise DatasetError(
            f"none of the images of {run.folder} has landmarks in this data set, as {bare[0]} has "
            "none; a table of landmarks wants a data set that annotates them, such as cub"
        )
    labels = _labels([sample for _, sample in known])
    points = points_by_image(run.keypoints)
    images = tuple(
        _match(sample, label, places(points[key]), alpha)
        for (key, sample), label in zip(known, labels, strict=True)
    )
    return Salient(
        alpha=alpha,
        classes=tuple(
            count(label, [image for image in images if image.label == label])
            for label in sorted(set(labels))
        ),
        overall=count(OVERALL, images),
        images=images,
        unknown=seen.absent,
        bare=tuple(bare),
    )


def _labels(samples: Sequence[Sample]) -> list[str]:
    """Take the labels, where there are none the viewpoints, and without these one class."""
    for told in (
        [sample.label for sample in samples],
        [sample.viewpoint for sample in samples],
    ):
        if any(told):
            return [label or UNLABELED for label in told]
    return ["all"] * len(samples)


def _match(sample: Sample, label: str, xy: Floats, alpha: float) -> Matched:
    assert sample.landmarks is not None
    return Matched(
        image=sample.image,
        label=label,
        xy=xy,
        landmarks=sample.landmarks,
        assigned=assign(xy, sample.landmarks, alpha),
    )

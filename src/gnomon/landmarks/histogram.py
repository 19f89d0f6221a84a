"""How often each landmark was found in the images of a class."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gnomon.landmarks.matched import Landmark, Matched


@dataclass(frozen=True, slots=True)
class Bin:
    """How many keypoints went to a landmark.

    ``hits`` keypoints did, in ``images`` images, of the ``visible`` in which it can be seen.
    """

    landmark: Landmark
    hits: int
    images: int
    visible: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """One class: a bin for each landmark that is visible in any of its ``n_images``, by id.

    Of the images' ``n_keypoints``, ``n_assigned`` went to a landmark.
    """

    label: str
    n_images: int
    n_keypoints: int
    n_assigned: int
    bins: tuple[Bin, ...]

    @property
    def top(self) -> tuple[Bin, ...]:
        """The bins of the most frequent landmarks: several with a tie, none where none was hit."""
        most = max((one.hits for one in self.bins), default=0)
        return tuple(one for one in self.bins if most and one.hits == most)

    @property
    def salient(self) -> tuple[Landmark, ...]:
        """The most frequent landmarks."""
        return tuple(one.landmark for one in self.top)


def count(label: str, images: Iterable[Matched]) -> Histogram:
    """Count the keypoints that went to each landmark, and the images in which one did."""
    matched = list(images)
    found = [image.hits for image in matched]
    hits = sum(found, Counter[Landmark]())
    in_images = Counter(landmark for one in found for landmark in one)
    visible = Counter(landmark for image in matched for landmark in image.visible)
    return Histogram(
        label=label,
        n_images=len(matched),
        n_keypoints=sum(len(image.assigned) for image in matched),
        n_assigned=sum(int(image.assigned.any(axis=1).sum()) for image in matched),
        bins=tuple(Bin(one, hits[one], in_images[one], visible[one]) for one in sorted(visible)),
    )

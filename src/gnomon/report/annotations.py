"""The annotated points of a run's images, where a data set that knows them can be found."""

from collections.abc import Mapping

from gnomon.datasets import open_dataset
from gnomon.runs import Run, annotated
from gnomon.types import Landmarks


def known_landmarks(run: Run, dataset: str | None) -> Mapping[str, Landmarks]:
    """Return annotated points by image path, of the data set ``dataset`` (kind:FOLDER), if any.

    The data set that the run names as its own is never opened by that name. ``GnomonError`` where
    the data set cannot be read or knows none of the run's images.
    """
    return {} if dataset is None else _landmarks(run, dataset)


def _landmarks(run: Run, dataset: str) -> dict[str, Landmarks]:
    seen = annotated(run, open_dataset(dataset))
    paths = dict(zip(*(run.images[name].to_pylist() for name in ("image_id", "path")), strict=True))
    return {
        paths[image_id]: sample.landmarks
        for image_id, sample in zip(seen.image_ids, seen.samples, strict=True)
        if sample.landmarks is not None
    }

"""The annotated points of a run's images, where a data set that knows them can be found."""

from collections.abc import Mapping

from gnomon.datasets import open_dataset
from gnomon.errors import GnomonError
from gnomon.report.sections import evaluation
from gnomon.runs import Run, annotated
from gnomon.types import Landmarks


def known_landmarks(run: Run, dataset: str | None = None) -> Mapping[str, Landmarks]:
    """Give annotated points by image path.

    ``dataset`` is kind:FOLDER; without it, the one that the run was evaluated on, if it is still
    there. ``GnomonError`` where the data set that was asked for cannot be read or knows none of the
    run's images.
    """
    if dataset is not None:
        return _landmarks(run, dataset)
    record = evaluation(run.folder)
    if record is None:
        return {}
    try:
        return _landmarks(run, record["dataset"])
    except GnomonError:
        return {}


def _landmarks(run: Run, dataset: str) -> dict[str, Landmarks]:
    seen = annotated(run, open_dataset(dataset))
    paths = dict(zip(*(run.images[name].to_pylist() for name in ("image_id", "path")), strict=True))
    return {
        paths[image_id]: sample.landmarks
        for image_id, sample in zip(seen.image_ids, seen.samples, strict=True)
        if sample.landmarks is not None
    }

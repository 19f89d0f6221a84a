"""The classifiers that a user named for a page, each once and by one name."""

from collections.abc import Callable, Sequence
from functools import partial
from os.path import isfile
from pathlib import Path

from gnomon.classifier.checkpoint import name_of
from gnomon.classifier.load import checkpoint_at
from gnomon.detector import Detector
from gnomon.errors import RunError
from gnomon.runs import RunInfo, rebuild_detector
from gnomon.runs.rebuild import Trust

Makers = dict[str, Callable[[], Detector]]


def offered(
    models: Sequence[str],
    device: str,
    run: RunInfo | None = None,
    trust: Trust = Trust(),
    weights: Path | None = None,
) -> Makers:
    """Return what makes each classifier, by name: a run's own first, then ``models``.

    A checkpoint among ``models`` that has the weights of the run is the run's classifier. Others
    go by the names that runs know them by, or as they were written where that name is taken.
    """
    makers: Makers = {}
    others = list(models)
    if run is not None:
        rebuild = partial(rebuild_detector, run, device=device, trust=trust)
        makers[run.classifier] = partial(rebuild, weights=weights)
        for model in models:
            if weights is None and (found := _same(rebuild, model)) is not None:
                makers[run.classifier] = found
                others.remove(model)
    for model in others:
        name = name_of(file) if (file := checkpoint_at(Path(model))) else model
        makers.setdefault(
            model if name in makers else name, partial(Detector, model, device=device)
        )
    return makers


def _same(rebuild: Callable[..., Detector], model: str) -> Callable[[], Detector] | None:
    """Make the run's detector of a file, if that has its weights; other names take no time."""
    if not isfile(model) and not checkpoint_at(Path(model)):
        return None
    try:
        detector = rebuild(model=model)
    except RunError:
        return None
    return lambda: detector

"""What follows a detection: its figure and its maps are written while the next is computed."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from gnomon.detection import Detection
from gnomon.errors import RunError
from gnomon.images import Picture
from gnomon.runs import Failure
from gnomon.runs.committed import Gathering
from gnomon.runs.figure_file import figure_file
from gnomon.runs.heatmaps import write_heatmaps
from gnomon.runs.listing import Input
from gnomon.runs.store import Store
from gnomon.scale.job import Job, Watch
from gnomon.tables import image_id, recorded
from gnomon.types import Landmarks

DEPTH = 2


class Behind:
    """Gathers a shard's rows; an image's come in when its figure and maps are on disk."""

    def __init__(self, job: Job, store: Store, pool: ThreadPoolExecutor, watch: Watch) -> None:
        self.gathering = Gathering()
        self.busy = 0.0
        self.done = 0
        self._job = job
        self._store = store
        self._pool = pool
        self._watch = watch
        self._pending: deque[tuple[int, Input, Detection, Future[None]]] = deque()

    def add(self, number: int, one: Input, picture: Picture | None, found: Detection) -> None:
        """Take a detection; the ``picture`` is for its figure."""
        self.settle(DEPTH)
        future = self._pool.submit(self._write, one, picture, found)
        self._pending.append((number, one, found, future))
        self.busy += found.seconds
        self.done += 1

    def fail(self, number: int, one: Input, error: Exception) -> None:
        """Take an input that could not be processed."""
        self._fail(number, one, error)
        self.done += 1

    def settle(self, pending: int = 0) -> None:
        """Wait until so many figures are left; ``RunError`` where one cannot be written."""
        while len(self._pending) > pending:
            number, one, found, future = self._pending.popleft()
            try:
                future.result()
            except RunError:
                raise
            except Exception as error:
                self._fail(number, one, error)
            else:
                self.gathering.add(one.path, found)

    def _fail(self, number: int, one: Input, error: Exception) -> None:
        failure = Failure.of(one.path, error)
        self.gathering.fail(number, failure)
        self._watch.failed(failure)

    def _write(self, one: Input, picture: Picture | None, found: Detection) -> None:
        if picture is not None and self._job.figures:
            from gnomon.figures import png  # matplotlib takes a second to import

            figure = png(found.figure(picture.rgb, _landmarks(one)))
            self._store.write(figure_file(recorded(one.path), image_id(one.path)), figure)
        if self._job.save_heatmaps:
            write_heatmaps(self._store, image_id(one.path), found)


def _landmarks(one: Input) -> Landmarks | None:
    """Make the points to draw; their names and scale play no part in it."""
    if one.landmarks is None:
        return None
    xy = np.asarray(one.landmarks, dtype=np.float64).reshape(-1, 2)
    n = len(xy)
    return Landmarks(xy, np.arange(n), ("",) * n, np.ones(n, dtype=np.bool_), 1.0)

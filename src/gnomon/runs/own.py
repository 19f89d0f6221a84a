"""A run from detections that one has already."""

from collections.abc import Mapping
from pathlib import Path

from gnomon.detection import Detection
from gnomon.runs.committed import Gathering
from gnomon.runs.info import RunInfo
from gnomon.runs.listing import Input
from gnomon.runs.reader import Failure
from gnomon.runs.store import Store
from gnomon.runs.writer import run_folder


def write_run(
    place: str | Path | Store, info: RunInfo, found: Mapping[str, Detection | Exception]
) -> RunInfo:
    """Write what was found in each path, or the exception that came instead, as a new run.

    ``RunError`` where the place holds something already.
    """
    with run_folder(place, info, lambda: map(Input, found), resume=False) as run:
        for shard in run.todo():
            gathering = Gathering()
            for number, one in shard.inputs:
                match found[one.path]:
                    case Detection() as detection:
                        gathering.add(one.path, detection)
                    case error:
                        gathering.fail(number, Failure.of(one.path, error))
            run.record(gathering.commit(run.store, shard.span))
    return run.info

"""The run folder: what one `detect` leaves behind."""

from gnomon.runs.annotated import Annotated, annotated
from gnomon.runs.info import RunInfo
from gnomon.runs.own import write_run
from gnomon.runs.reader import Failure, Run, read_run
from gnomon.runs.rebuild import rebuild_detector

__all__ = [
    "Annotated",
    "Failure",
    "Run",
    "RunInfo",
    "annotated",
    "read_run",
    "rebuild_detector",
    "write_run",
]
